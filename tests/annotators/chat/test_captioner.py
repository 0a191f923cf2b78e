"""Captioners over a real socket: two questions about the same bytes, two sentences or a refusal."""

import json
from typing import Any

import numpy as np
import pytest

from annotators.chat.audio_captioner import ServedAudioCaptioner, heard
from annotators.chat.video_captioner import ServedVideoCaptioner
from annotators.media import ArrayMedia, Sound
from annotators.prompts import prompt
from annotators.roles import AudioRequest, VideoRequest
from schemas.errors import Rejected
from schemas.evidence import Said
from tests.annotators.chat.clips import asked, at, clip
from tests.serving.standin import Standin, completion


def listen_to(media: ArrayMedia) -> AudioRequest:
    return AudioRequest(media, [], [])


def watch(media: ArrayMedia) -> VideoRequest:
    return VideoRequest(media, [], [])


def echo(body: dict[str, Any]) -> str:
    """Says which question it was asked."""
    return "in order" if "in which order" in body["messages"][0]["content"][-1]["text"] else "what there is"


def test_content_and_order_are_asked_about_the_same_bytes() -> None:
    """ThinkSound, stage 1; byte for byte, so that a server's prefix cache holds the media for the second question."""
    for role, item, name in (
        (ServedAudioCaptioner, listen_to(clip()), "audio"),
        (ServedVideoCaptioner, watch(clip()), "video"),
    ):
        with Standin(answer=echo) as server, at(server, role) as captioner:  # type: ignore[type-var]
            (said,) = captioner.annotate([item])
            bodies = asked(server.served)
        assert said == [
            Said(modality=name, question="content", text="what there is"),
            Said(modality=name, question="temporal", text="in order"),
        ]
        texts = [body["messages"][0]["content"].pop()["text"] for body in bodies]
        assert set(texts) == {prompt(f"{name}_content.v1").template, prompt(f"{name}_temporal.v1").template}
        assert json.dumps(bodies[0]) == json.dumps(bodies[1])
        assert len(bodies[0]["messages"][0]["content"]) >= 1


def test_the_same_clip_is_the_same_question_in_another_build() -> None:
    with Standin() as server:
        for _ in range(2):
            with at(server, ServedVideoCaptioner, video_as="mp4") as captioner:
                captioner.annotate([watch(clip())])
        bodies = [json.dumps(body) for body in asked(server.served)]
    assert sorted(bodies[:2]) == sorted(bodies[2:])


def test_a_video_captioner_is_sent_no_sound() -> None:
    with Standin() as server, at(server, ServedVideoCaptioner) as captioner:
        captioner.annotate([watch(clip())])
        parts = {part["type"] for body in asked(server.served) for part in body["messages"][0]["content"]}
    assert parts == {"image_url", "text"}


def test_captions_belong_to_their_clips_in_any_order_of_replies() -> None:
    def about(body: dict[str, Any]) -> str:
        return f"caption of {hash(body['messages'][0]['content'][0]['input_audio']['data'])}"

    clips = [clip(f"c{seed}", seed) for seed in range(6)]
    with Standin(answer=about) as server, at(server, ServedAudioCaptioner) as captioner:
        together = captioner.annotate([listen_to(media) for media in clips])
        alone = [captioner.annotate([listen_to(media)])[0] for media in clips]
        assert {u.clip_id for u in captioner.take_usage()} == {*(media.clip_id for media in clips), None}
    assert together == alone
    assert len({said[0].text for said in together if not isinstance(said, Rejected)}) == 6


@pytest.mark.parametrize(
    ("text", "finish", "code"),
    [("...", "stop", "empty_reply"), ("", "stop", "empty_reply"), ("\u202e\x00", "stop", "empty_reply"),
     ("<think>a dog?</think>", "stop", "empty_reply"), ("A dog", "length", "truncated"), ("No.", "content_filter", "refused")],
)  # fmt: skip
def test_half_an_answer_is_no_answer(text: str, finish: str, code: str) -> None:
    body = {"model": "tiny", "messages": [{"role": "user", "content": "x"}]}
    script = [
        (200, {}, completion(body, [reply], end))
        for reply, end in (("ready", "stop"), ("A dog barks.", "stop"), (text, finish))
    ]
    with Standin(script=script) as server, at(server, ServedAudioCaptioner, max_in_flight=1) as captioner:
        (said,) = captioner.annotate([listen_to(clip())])
    assert isinstance(said, Rejected)
    assert said.code == code


def test_thoughts_and_control_characters_stay_out_of_captions() -> None:
    with (
        Standin(answer=lambda _: "<think>dog?\n</think> A dog\x00 \u202ebarks.\n") as server,
        at(server, ServedAudioCaptioner) as one,
    ):
        (said,) = one.annotate([listen_to(clip())])
    assert not isinstance(said, Rejected)
    assert {sentence.text for sentence in said} == {"A dog barks."}


def test_a_clip_without_a_picture_or_with_broken_sound_is_refused_without_asking() -> None:
    broken = ArrayMedia("x", Sound(np.full((1, 16000), np.nan, np.float32), 16000))
    empty = ArrayMedia("x", Sound(np.zeros((1, 0), np.float32), 16000))
    with Standin() as server:
        with at(server, ServedVideoCaptioner) as watcher:
            (said,) = watcher.annotate([watch(clip(has_video=False))])
        with at(server, ServedAudioCaptioner) as listener:
            others = listener.annotate([listen_to(broken), listen_to(empty)])
    assert [one.code for one in (said, *others) if isinstance(one, Rejected)] == ["decode_failed"] * 3
    assert not server.served


def test_listening_models_hear_mono_at_16_khz() -> None:
    loud = np.stack([np.full(44100, 0.5), np.full(44100, -0.1)]).astype(np.float32)
    part = heard(ArrayMedia("x", Sound(loud, 44100)))
    assert part is not None
    assert (part.sound.samples.shape, part.sound.sample_rate_hz) == ((1, 16000), 16000)
    assert part.sound.samples[0, 4000:12000].mean() == pytest.approx(0.2, abs=1e-3)


def test_long_clips_are_shown_at_fewer_pictures_a_second_and_estimated_so() -> None:
    with Standin() as server, at(server, ServedVideoCaptioner, max_frames=8, fps=4.0, max_side_px=64) as captioner:
        captioner.annotate([watch(clip(seconds=10.0))])
        sent = [sum(part["type"] == "image_url" for part in body["messages"][0]["content"]) for body in asked(server.served)]
    assert sent == [8, 8]
    typical = captioner.typical(10.0, has_video=True)
    assert [len(request.media[0].frames.pixels) for request in typical] == [8, 8]  # type: ignore[union-attr]
    assert captioner.typical(10.0, has_video=False) == []


def test_the_prompt_id_names_both_texts() -> None:
    captioner = ServedAudioCaptioner(ServedAudioCaptioner.Params())
    assert captioner.prompt_id == f"{prompt('audio_content.v1').id}+{prompt('audio_temporal.v1').id}"
