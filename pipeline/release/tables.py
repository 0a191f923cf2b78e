"""The tables of a release: Parquet copies of the rows about the released clips, in a fixed order, without private paths."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.plan import Plan
from schemas.arrow import arrow_schema
from schemas.layout import Dataset
from schemas.media import Clip, Source
from schemas.row import AnnotationRow, Row

_ROW_GROUP = 100_000


def release_tables(plan: Plan) -> list[type[Row]]:
    """Source, clip and every annotation table that the plan writes."""
    found: dict[str, type[Row]] = {}
    for planned in plan.stages:
        for table in planned.stage.produces:
            if issubclass(table, (AnnotationRow, Clip, Source)):
                found[table.table] = table
    return list(found.values())


def copy_table(dataset: Dataset, plan: Plan, table: type[Row], clip_ids: set[str], source_ids: set[str], path: str) -> int:
    """Write one table to `path`; returns its number of rows. Rows keep the order of stages, shards and writing."""
    key, wanted = ("source_id", source_ids) if table is Source else ("clip_id", clip_ids)
    values = pa.array(sorted(wanted), pa.string())
    num_rows = 0
    with dataset.storage.create(path) as sink, pq.ParquetWriter(sink, arrow_schema(table), compression="zstd") as writer:
        for part in _parts(dataset, plan, table):
            kept = part.filter(pc.is_in(part[key], value_set=values))
            if table is Source:  # where the builder keeps his files is nobody's business
                kept = kept.set_column(kept.schema.get_field_index("uri"), arrow_schema(table).field("uri"), kept["name"])
            writer.write_table(kept, row_group_size=_ROW_GROUP)
            num_rows += kept.num_rows
    return num_rows


def _parts(dataset: Dataset, plan: Plan, table: type[Row]) -> Iterator[pa.Table]:
    for planned in plan.stages:
        if table in planned.stage.produces:
            for shard in sorted(dataset.shards_with_part(planned.marker.table, planned.name, planned.fingerprint)):
                path = dataset.part_path(table.table, planned.name, planned.fingerprint, shard)
                with dataset.storage.open(path) as source:
                    yield pq.read_table(source, schema=arrow_schema(table)).replace_schema_metadata(None)
