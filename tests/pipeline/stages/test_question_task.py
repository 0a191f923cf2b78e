"""The question task in built datasets: imported and written questions, a silent teacher, and what the sound contributes."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, TypeVar

import pytest

from flows.build import PHASES, build_settings
from flows.recipe import Recipe
from pipeline.accounting import account
from pipeline.build import Build
from pipeline.catalog import Catalog
from pipeline.plan import Plan
from pipeline.progress import SilentProgress
from pipeline.release.trust import witness_trust
from pipeline.verification.witness_rates import witness_rates
from schemas.errors import RecipeError
from schemas.layout import Dataset
from schemas.media import Clip, Source
from schemas.questions import Consensus, Contribution, Question, Trace
from schemas.reasoning import Claim, Cot, Decision, Decoy, Verdict
from schemas.row import Row
from tests.annotators.questions.test_parsing import SEEN_EVENT, step
from tests.serving.standin import Standin

R = TypeVar("R", bound=Row)
EVIDENCE = ("detect_events", "track", "find_objects")
AVQA = {
    "video_name": "scene-000201", "question_text": "What is heard?", "multi_choice": ["a dog", "a bell", "nothing"],
    "answer": 1, "question_relation": "Sound", "question_type": "Which",
}  # fmt: skip


class Asked:
    """A dataset with its questions asked."""

    def __init__(self, dataset: Dataset, plan: Plan) -> None:
        self.dataset, self.plan = dataset, plan
        self.accounts = {line.stage: line for line in account(dataset, plan.fingerprints)}

    def rows(self, table: type[R], stage: str) -> list[R]:
        fingerprint = self.plan[stage].fingerprint
        shards = sorted(self.dataset.shards_with_part(table.table, stage, fingerprint))
        return [row for shard in shards for row in self.dataset.read_part(table, stage, fingerprint, shard)]


def recipe(stages: dict[str, Any], **other: Any) -> Recipe:
    return Recipe.model_validate({"name": "asked", "sources_per_shard": 2, "tasks": ["question"], "stages": stages} | other)


def ask(scenes: Path, root: Path, stages: dict[str, Any], **other: Any) -> Asked:
    """Only what the task needs is built, and built again where it is there already."""
    settings = build_settings(recipe(stages, **other), source=str(scenes / "videos"), executor="local")
    dataset = Dataset.create(str(root))
    with Build(dataset, settings, SilentProgress()) as build:
        build.scan()
        build.run_stages("ingest", ("ingest",))
        build.run_stages("annotate", EVIDENCE)
        build.run_stages("questions", PHASES["questions"])
    return Asked(dataset, settings.plan)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("asked") / "dataset"


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("imported") / "avqa.json"
    path.write_text(json.dumps([AVQA, AVQA | {"video_name": "somewhere-else"}]))
    return path


@pytest.fixture(scope="module")
def asked(scenes: Path, root: Path, imported: Path) -> Asked:
    return ask(scenes, root, {"write_questions": {"params": {"imported": str(imported), "written": 3}}})


def test_questions_are_imported_by_the_name_of_their_video_and_written_beside(asked: Asked) -> None:
    questions = asked.rows(Question, "write_questions")
    names = {source.source_id: source.name for source in asked.rows(Source, "ingest")}
    clips = {clip.clip_id: names[clip.source_id] for clip in asked.rows(Clip, "ingest")}
    foreign = [question for question in questions if question.origin == "avqa"]
    assert [clips[question.clip_id] for question in foreign] == ["scene-000201.mp4"]
    assert (foreign[0].text, foreign[0].kind, foreign[0].answer_index) == ("What is heard?", "Sound/Which", 1)
    written = Counter(question.clip_id for question in questions if question.origin == "events")
    assert set(written) == set(clips)
    assert max(written.values()) <= 3
    assert len({question.question_id for question in questions}) == len(questions)


def test_the_account_of_every_stage_adds_up(asked: Asked) -> None:
    for name in PHASES["questions"]:
        line = asked.accounts[name]
        assert line.num_in == 3
        assert line.adds_up, line
        assert not line.failed


def test_every_question_has_its_samples_one_consensus_and_at_most_one_chain(asked: Asked) -> None:
    questions = {question.question_id: question for question in asked.rows(Question, "write_questions")}
    traces = asked.rows(Trace, "ask_teacher")
    assert Counter(trace.question_id for trace in traces) == Counter(dict.fromkeys(questions, 5))
    assert {trace.given for trace in traces} == {"silent_video"}
    by_id = {trace.trace_id: trace for trace in traces}
    agreed = asked.rows(Consensus, "ask_teacher")
    assert sorted(row.question_id for row in agreed) == sorted(questions)
    for row in agreed:
        own = [trace.answer_index for trace in traces if trace.question_id == row.question_id]
        assert row.is_kept == (None not in own and len(set(own)) == 1)
        assert row.trace_id is None or by_id[row.trace_id].answer_index == row.answer_index
        assert len(row.votes) == len(questions[row.question_id].choices)
    kept = {row.question_id for row in agreed if row.is_kept}
    chains = asked.rows(Cot, "ask_teacher")
    assert {cot.subject_id for cot in chains} == kept
    assert all(cot.task == "question" and cot.cot_id == f"{cot.clip_id}/question-{str(cot.subject_id)[-3:]}" for cot in chains)


def test_a_foreign_question_is_not_understood_by_the_template_and_never_kept(asked: Asked) -> None:
    (foreign,) = (q.question_id for q in asked.rows(Question, "write_questions") if q.origin == "avqa")
    (row,) = (row for row in asked.rows(Consensus, "ask_teacher") if row.question_id == foreign)
    assert (row.num_parsed, row.answer_index, row.is_kept) == (0, None, False)


def test_what_the_teacher_claims_is_verified_and_decided_like_any_claim(asked: Asked) -> None:
    claims = {claim.claim_id for claim in asked.rows(Claim, "ask_teacher")}
    decoys = {decoy.claim_id for decoy in asked.rows(Decoy, "plant_question_decoys")}
    judged = Counter(verdict.claim_id for verdict in asked.rows(Verdict, "verify_questions"))
    assert claims
    assert judged == Counter([*claims, *decoys])
    decided = asked.rows(Decision, "decide_questions")
    assert sorted(decision.cot_id for decision in decided) == sorted(cot.cot_id for cot in asked.rows(Cot, "ask_teacher"))
    last = {cot.cot_id: cot.steps[-1] for cot in asked.rows(Cot, "ask_teacher")}
    assert all(last[decision.cot_id] in decision.steps for decision in decided if decision.outcome != "reject")


def test_guesses_of_a_teacher_that_hears_nothing_are_not_held_against_who_refutes_them(asked: Asked) -> None:
    """Its decoys count like any, its own claims do not: they are not mostly true."""
    with Catalog(asked.dataset, asked.plan.fingerprints) as catalog:
        rates = witness_rates(catalog)
        (trust,) = witness_trust(catalog, 0.5)
    assert sum(one.refuted_decoys.total for one in rates) > 0
    assert sum(one.false_rejects_at_most.total for one in rates) == 0
    assert trust.false_share is None


def test_every_question_is_probed_with_four_sounds_or_three_where_a_shard_has_no_other(asked: Asked) -> None:
    probed = asked.rows(Contribution, "probe_audio")
    traces = asked.rows(Trace, "probe_audio")
    assert sorted(row.question_id for row in probed) == sorted(q.question_id for q in asked.rows(Question, "write_questions"))
    alone = {row.clip_id for row in probed if row.num_other_audio is None}
    assert len(alone) == 1  # the third source is in a shard of its own
    for row in probed:
        given = Counter(trace.given for trace in traces if trace.question_id == row.question_id)
        expected = ["right_audio", "silence", "nothing"] + ([] if row.clip_id in alone else ["other_audio"])
        assert given == Counter(dict.fromkeys(expected, 3))
        right = [trace for trace in traces if trace.question_id == row.question_id and trace.answer_index == row.expected_index]
        assert row.num_right_audio == sum(trace.given == "right_audio" for trace in right)
        assert row.audio_contribution == ("strong" if row.num_silence <= 1 else "weak")
    known = [row for row in probed if row.num_right_audio == 3]
    assert len(known) >= 0.6 * len(probed)


def test_the_teacher_and_what_follows_do_not_hang_on_what_was_heard(asked: Asked) -> None:
    """The questions do; the teacher itself reads no table of sounds, and nothing of other tasks."""
    assert set(asked.plan["ask_teacher"].upstream) == {"ingest", "track", "write_questions"}
    assert set(asked.plan["probe_audio"].upstream) == {"ingest", "write_questions", "ask_teacher"}


def test_a_changed_file_of_questions_asks_anew_and_a_moved_one_does_not(asked: Asked, imported: Path, tmp_path: Path) -> None:
    def plan(path: Path) -> Plan:
        params = {"imported": str(path), "written": 3}
        return build_settings(recipe({"write_questions": {"params": params}}), source="x", executor="local").plan

    moved, changed = tmp_path / "moved.json", tmp_path / "changed.json"
    moved.write_bytes(imported.read_bytes())
    changed.write_text(json.dumps([AVQA | {"answer": 2}]))
    assert plan(moved)["write_questions"].fingerprint == asked.plan["write_questions"].fingerprint
    assert plan(changed)["write_questions"].fingerprint != asked.plan["write_questions"].fingerprint
    assert plan(changed)["track"].fingerprint == asked.plan["track"].fingerprint


def test_a_recorded_recipe_refuses_a_file_that_has_changed_since(imported: Path, tmp_path: Path) -> None:
    path = tmp_path / "avqa.json"
    path.write_bytes(imported.read_bytes())
    recorded = recipe({"write_questions": {"params": {"imported": str(path)}}}).model_dump(mode="json")
    assert len(recorded["stages"]["write_questions"]["params"]["imported_sha256"]) == 64
    assert Recipe.model_validate(recorded).model_dump(mode="json") == recorded
    path.write_text(json.dumps([AVQA | {"answer": 0}]))
    with pytest.raises(RecipeError, match=r"avqa.json have changed: their hash is [0-9a-f]{64}, not "):
        Recipe.model_validate(recorded)


def test_clips_without_questions_are_filtered_everywhere(scenes: Path, root: Path, asked: Asked, imported: Path) -> None:
    """With imported questions only, two of the three clips have none."""
    few = ask(scenes, root, {"write_questions": {"params": {"imported": str(imported), "written": 0}}})
    assert few.accounts["write_questions"].filtered == Counter({"no_questions": 2})
    assert few.accounts["ask_teacher"].filtered == Counter({"no_questions": 2})
    assert few.accounts["verify_questions"].filtered == Counter({"no_claims": 3})
    assert few.accounts["decide_questions"].filtered == Counter({"no_chain": 3})
    assert few.accounts["probe_audio"].num_done == 1
    assert all(few.accounts[name].adds_up for name in PHASES["questions"])


def test_another_policy_of_agreement_keeps_more(scenes: Path, root: Path, asked: Asked) -> None:
    params = {"agreement": "majority", "majority_frac": 0.6, "temperature": 2.0}
    loose = ask(scenes, root, {"ask_teacher": {"params": params}})
    strict = ask(scenes, root, {"ask_teacher": {"params": params | {"agreement": "unanimous"}}})
    kept = [sum(row.is_kept for row in one.rows(Consensus, "ask_teacher")) for one in (strict, loose)]
    assert kept[0] < kept[1]
    assert {row.policy for row in loose.rows(Consensus, "ask_teacher")} == {"majority(majority_frac=0.6)"}


def test_fewer_samples_than_must_be_wrong_is_a_mistake_in_the_recipe() -> None:
    settings = {"probe_audio": {"params": {"num_samples": 2, "min_wrong": 3}}}
    with pytest.raises(RecipeError, match="num_samples must be at least min_wrong"):
        build_settings(recipe(settings), source="x", executor="local")


def test_models_behind_servers_are_asked_through_the_same_stages(scenes: Path, root: Path, asked: Asked) -> None:
    """A teacher that always says the first choice, with a claim of its own, and an answerer that does not parse."""

    def answer(body: dict[str, Any]) -> str:
        content = body["messages"][-1]["content"]
        is_teacher = any(part["type"] in ("image_url", "video_url") for part in content)
        return json.dumps({"steps": [step(SEEN_EVENT | {"evidence": ["V0"]})], "answer": "A"}) if is_teacher else "who knows"

    with Standin(answer=answer) as server:
        served = {"backend": "openai", "params": {"model": "tiny", "base_url": server.url, "video_as": "frames"}}
        found = ask(scenes, root, {"ask_teacher": served, "probe_audio": served})
    agreed = found.rows(Consensus, "ask_teacher")
    assert agreed
    assert all(row.is_kept and row.answer_index == 0 and row.votes[0] == 5 for row in agreed)
    assert {str(row.prompt_id).partition("@")[0] for row in agreed} == {"teach.v1"}
    assert {claim.text for claim in found.rows(Claim, "ask_teacher")} == {SEEN_EVENT["text"]}
    probed = found.rows(Contribution, "probe_audio")
    assert {(row.num_right_audio, row.num_silence, row.audio_contribution) for row in probed} == {(0, 0, "strong")}
    assert all(found.accounts[name].adds_up and not found.accounts[name].failed for name in PHASES["questions"])
