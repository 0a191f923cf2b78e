"""Prompts: their ids follow their texts, and what they are filled with stays what it is."""

from importlib.resources import files

import pytest

from annotators.prompts import Prompt, prompt

NAMES = sorted(file.name.removesuffix(".md") for file in files("annotators.prompts").iterdir() if file.name.endswith(".md"))
IDS = {  # a text that changes gets a new number: whoever changes one in place meets this list
    "answer.v1@", "audio_content.v1@", "audio_temporal.v1@", "listen.v1@", "reason.v1@", "teach.v1@", "video_content.v1@",
    "video_temporal.v1@",
}  # fmt: skip


def test_every_prompt_has_an_id_of_its_own_name_and_text() -> None:
    ids = {prompt(name).id for name in NAMES}
    assert {made.partition("@")[0] + "@" for made in ids} >= IDS
    assert all(len(made.partition("@")[2]) == 8 for made in ids)
    assert len({made.partition("@")[2] for made in ids}) == len(NAMES)


def test_an_id_changes_with_the_text(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    import pathlib

    from annotators import prompts

    folder = pathlib.Path(str(tmp_path))
    monkeypatch.setattr(prompts, "files", lambda _: folder)
    made = []
    for text in ("Say {what}.", "Say  {what}.", "Say {what}.\n\n"):
        (folder / "ask.v1.md").write_text(text)
        prompts.prompt.cache_clear()
        made.append(prompts.prompt("ask.v1").id)
    prompts.prompt.cache_clear()
    assert made[0] != made[1]
    assert made[0] == made[2]  # blank lines around a text are not part of it


def test_values_are_never_read_as_a_template() -> None:
    asked = Prompt("x", "Check: {statement} {end}")
    assert asked.fill(statement="{end} {statement} {0} \\1 {", end="!") == "Check: {end} {statement} {0} \\1 { !"


def test_a_value_too_few_or_too_many_is_an_error() -> None:
    with pytest.raises(KeyError, match="statement"):
        Prompt("x", "{statement}").fill()
    with pytest.raises(ValueError, match="no placeholder 'other'"):
        Prompt("x", "{statement}").fill(statement="a", other="b")


def test_the_prompts_of_captioners_name_one_sense_only() -> None:
    """ThinkSound's stage 1: what is seen is asked of pictures that have no sound."""
    for name in ("video_content.v1", "video_temporal.v1"):
        assert "They have no sound" in prompt(name).template
        assert "Listen" not in prompt(name).template
    for name in ("audio_content.v1", "audio_temporal.v1"):
        assert prompt(name).template.startswith("Listen to this recording")
        assert "Watch" not in prompt(name).template
