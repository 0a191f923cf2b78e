"""Every `vllm serve` line in docs/models.md is one that this vLLM's own parser takes."""

import re
import shlex
from pathlib import Path

import pytest

pytest.importorskip("vllm")
pytestmark = pytest.mark.vllm

PAGE = Path(__file__).resolve().parents[2] / "docs" / "models.md"
LINES = re.findall(r"^vllm serve (.+)$", PAGE.read_text(), re.MULTILINE)


def test_there_is_a_line_for_each_kind_of_served_model() -> None:
    assert len(LINES) >= 4


@pytest.mark.parametrize("line", LINES)
def test_a_line_is_taken_by_the_parser(line: str) -> None:
    from vllm.entrypoints.launchers.cli_args import make_arg_parser
    from vllm.utils.argparse_utils import FlexibleArgumentParser

    given = make_arg_parser(FlexibleArgumentParser()).parse_args(shlex.split(line))
    assert given.model_tag == shlex.split(line)[0]
    assert given.max_model_len >= 8192
