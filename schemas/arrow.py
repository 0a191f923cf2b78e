"""Arrow schemas derived from row classes, and rows to and from Arrow.

str int float bool, Optional, Literal, list[X] and nested models are what rows are made of; anything else is a mistake in
the class and raises at import of the tables' test.
"""

import types
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import pyarrow as pa
from pydantic import BaseModel

from schemas.row import Row

R = TypeVar("R", bound=Row)
_SCALARS: dict[type, pa.DataType] = {
    str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_(), bytes: pa.binary(),
}  # fmt: skip


def arrow_type(annotation: Any) -> tuple[pa.DataType, bool]:
    """The Arrow type of a Python annotation, and whether it may be null."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        inner = [a for a in get_args(annotation) if a is not type(None)]
        if len(inner) != 1:
            raise TypeError(f"a field has one type or None, got {annotation}")
        return arrow_type(inner[0])[0], True
    if origin is Literal:
        return pa.string(), False
    if origin is list:
        element, nullable = arrow_type(get_args(annotation)[0])
        return pa.list_(pa.field("item", element, nullable=nullable)), False
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return pa.struct(_fields(annotation)), False
    if annotation in _SCALARS:
        return _SCALARS[annotation], False
    raise TypeError(f"no Arrow type for {annotation}")


def _fields(model: type[BaseModel]) -> list[pa.Field]:
    fields = []
    for name, info in model.model_fields.items():
        kind, nullable = arrow_type(info.annotation)
        fields.append(pa.field(name, kind, nullable=nullable))
    return fields


@cache
def arrow_schema(row: type[Row]) -> pa.Schema:
    """The schema of a table: one Arrow field per model field, in the order of the class."""
    return pa.schema(_fields(row))


def to_arrow(row_type: type[R], rows: Iterable[R]) -> pa.Table:
    """Rows as an Arrow table. No rows give an empty table with its full schema."""
    return pa.Table.from_pylist([row.model_dump() for row in rows], schema=arrow_schema(row_type))


def from_arrow(row_type: type[R], table: pa.Table) -> Sequence[R]:
    """Arrow table to validated rows."""
    return [row_type.model_validate(record) for record in table.to_pylist()]
