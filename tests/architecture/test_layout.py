"""The shape of the house: sizes that stay readable, and packages that are ours."""

import ast
import importlib.util
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("schemas", "annotators", "pipeline", "flows", "training")
FILES = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]


def test_files_stay_small() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in FILES}
    assert median(lengths.values()) <= 150
    assert {path.name: length for path, length in lengths.items() if length > 350} == {}


def test_functions_stay_small() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and (node.end_lineno or 0) - node.lineno + 1 > 60
    ]
    assert long == []


def test_every_module_says_what_it_is() -> None:
    silent = [str(path.relative_to(ROOT)) for path in FILES if not ast.get_docstring(ast.parse(path.read_text()))]
    assert silent == []


def test_no_file_is_called_utils() -> None:
    assert [path for path in FILES if path.stem in ("utils", "helpers", "common", "misc")] == []


def test_the_package_training_is_ours_and_not_that_of_sam2() -> None:
    """The sam2 wheel installs a top-level `training`, too."""
    for package in PACKAGES:
        found = importlib.util.find_spec(package)
        assert found is not None
        assert found.origin == str(ROOT / package / "__init__.py")
