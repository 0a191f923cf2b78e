"""What depends on what, worked out from what the stages say they read and write, and not by `pipeline.plan`."""

from collections.abc import Iterable, Mapping

from pipeline.stage import Stage
from pipeline.stages import STAGES


def reads(reader: type[Stage], writer: type[Stage]) -> bool:
    """Whether one stage reads rows of another that comes before it."""
    order = list(STAGES)
    is_before = order.index(writer.name) < order.index(reader.name)
    concerns = writer.task is None or writer.task == reader.task or writer.task in reader.also_reads
    shares = not set(writer.produces).isdisjoint(reader.requires)
    return is_before and shares and concerns and writer.name not in reader.ignores


def with_readers(stages: Iterable[str], present: Iterable[str]) -> set[str]:
    """These stages, those that read them, those that read those, and so on, among the stages of a build."""
    left = set(present)
    found = set(stages) & left
    while more := {name for name in left - found if any(reads(STAGES[name], STAGES[one]) for one in found)}:
        found |= more
    return found


def differing(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Stages of a plan that the plan before it has not done, by their fingerprints."""
    return {name for name, value in after.items() if before.get(name) != value}
