"""The command: runs the benchmarks that are named, or all, and prints Markdown for docs/benchmarks.md."""

import argparse
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import annotators, claims, engine, growth, ingest, packing, startup, verify
from tests.bench.measuring import Size, machine

BENCHMARKS: dict[str, Callable[[Path, Size], list[str]]] = {
    "ingest": ingest.measure,
    "annotators": annotators.measure,
    "startup": startup.measure,
    "engine": engine.measure,
    "growth": growth.measure,
    "packing": packing.measure,
    "verify": verify.measure,
    "claims": claims.measure,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=f"Measures {', '.join(BENCHMARKS)}.")
    parser.add_argument("names", nargs="*", help="which benchmarks; default: all")
    parser.add_argument("--quick", action="store_true", help="a tenth of the sizes, one run of each")
    given = parser.parse_args()
    if unknown := sorted(set(given.names) - set(BENCHMARKS)):
        parser.error(f"there is no benchmark {unknown[0]!r}; known: {', '.join(BENCHMARKS)}")
    command = " ".join(["python -m tests.bench", *given.names, *(["--quick"] if given.quick else [])])
    print(f"## {datetime.now(UTC):%Y-%m-%d}, `{command}`\n\n{machine()}", flush=True)
    for name in given.names or BENCHMARKS:
        with tempfile.TemporaryDirectory(prefix=f"audiocot-bench-{name}-") as work:
            lines = BENCHMARKS[name](Path(work), Size(given.quick))
        print("\n" + "\n".join(lines), flush=True)


if __name__ == "__main__":
    main()
