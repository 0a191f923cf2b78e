"""The plan of a build: its stages in order, each with its fingerprint and the stages it reads from.

A fingerprint is the hash of the stage's name, version, parameters, backend, model, prompt and of the fingerprints of what it
reads. So a changed prompt re-runs that stage and what depends on it, and nothing else. Where and how fast it runs is no part
of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.stage import Stage
from schemas.fingerprint import fingerprint
from schemas.media import Listing
from schemas.row import Row

SCAN = "scan"
SCAN_FINGERPRINT = fingerprint(stage=SCAN, version=1)


@dataclass(frozen=True)
class PlannedStage:
    """A stage with everything that decides its output. `upstream`: the names of the stages whose parts it reads."""

    stage: Stage
    fingerprint: str
    upstream: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.stage.name

    @property
    def marker(self) -> type[Row]:
        """The table whose part says that a shard is done."""
        return self.stage.produces[0]


@dataclass(frozen=True)
class Plan:
    """Stages in an order in which each comes after those it reads from."""

    stages: tuple[PlannedStage, ...]

    def __getitem__(self, name: str) -> PlannedStage:
        return next(planned for planned in self.stages if planned.name == name)

    def inputs(self, reader: PlannedStage, table: type[Row]) -> list[tuple[str, str]]:
        """(stage, fingerprint) of what writes a table, among the stages that `reader` reads from."""
        if table is Listing:
            return [(SCAN, SCAN_FINGERPRINT)]
        writers = (self[name] for name in reader.upstream)
        return [(writer.name, writer.fingerprint) for writer in writers if table in writer.stage.produces]

    @property
    def fingerprints(self) -> dict[str, str]:
        return {SCAN: SCAN_FINGERPRINT} | {planned.name: planned.fingerprint for planned in self.stages}


def make_plan(stages: Sequence[Stage]) -> Plan:
    """Fingerprint the stages. ValueError if one reads a table that no earlier stage writes: a mistake in the code."""
    planned: list[PlannedStage] = []
    for stage in stages:
        upstream = [p for p in planned if set(p.stage.produces) & set(stage.requires) and stage.reads_from(type(p.stage))]
        missing = set(stage.requires) - {Listing} - {table for p in upstream for table in p.stage.produces}
        if missing:
            raise ValueError(f"stage {stage.name} reads {sorted(t.table for t in missing)}, which no earlier stage writes")
        annotator = stage.annotator
        decided_by = fingerprint(
            stage=stage.name,
            version=stage.version,
            params=stage.params.deciding(),
            annotator=annotator
            and {
                "model": annotator.model,
                "version": annotator.version,
                "params": annotator.params.deciding(),
                "prompt_id": annotator.prompt_id,
            },
            inputs={p.name: p.fingerprint for p in upstream},
        )
        planned.append(PlannedStage(stage, decided_by, tuple(p.name for p in upstream)))
    return Plan(tuple(planned))
