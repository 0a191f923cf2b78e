"""`blind`: a caption written without seeing the claims, then text entailment between the two.

A witness that is shown a claim is led by it; this one has said what it hears before it learns what was claimed. A caption has
no times: it can refute a claim about any part of the clip (nothing of the kind was heard), and it supports only claims about
the clip as a whole. Numbers that are measured (pitch, loudness) are beyond a caption.
"""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from annotators.base import Annotator, AnyParams, CallEstimate, Resources
from annotators.chat.audio_captioner import AudioCaptioner, EngineAudioCaptioner, ServedAudioCaptioner
from annotators.findings import refuted, supported, unverifiable
from annotators.hf.params import main_memory
from annotators.hf.qwen2_audio import Qwen2AudioCaptioner
from annotators.hf.qwen_omni import QwenOmniCaptioner
from annotators.roles import AudioRequest, Inquiry
from annotators.site import Site
from annotators.weights import joint_name, missing_packages
from annotators.witnesses.entailment import Entailed, Entailment, EntailmentParams
from annotators.wording import claim_text
from schemas.accounting import Used
from schemas.errors import Rejected
from schemas.evidence import Said
from schemas.reasoning import Evidence, Judged, Stated

_WHOLE_CLIP = 0.9  # a span of at least this share is the whole clip
_ENTAILMENT_GB = 2.0  # a model of 0.2 B parameters in float32, and torch


class BlindVerifier(Annotator[Inquiry, Sequence[Judged]]):
    """A subclass says who writes the caption; its parameters are those of that captioner and EntailmentParams."""

    is_blind: ClassVar[bool] = True

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self.captioner = self.make_captioner()
        self.entailment = Entailment(params.part(EntailmentParams))
        self.prompt_id = self.captioner.prompt_id

    @abstractmethod
    def make_captioner(self) -> AudioCaptioner:
        """The captioner that the parameters describe. Cheap."""

    @property
    def model(self) -> str:
        """Both, because either changes the answers."""
        return joint_name(self.captioner.model, self.entailment.model)

    @property
    def resources(self) -> Resources:
        """The captioner's and the entailment's: memory, and a tenth of a GPU if it is to have one and there is none yet."""
        need = self.captioner.resources
        gpus = need.gpus or (0.1 if self.entailment.params.nli_device == "cuda" else 0.0)
        return replace(need, gpus=gpus, memory_gb=need.memory_gb + _ENTAILMENT_GB)

    @property
    def batch_size(self) -> int:
        return self.captioner.batch_size

    @classmethod
    def lacks(cls) -> list[str]:
        return missing_packages("torch", "transformers")

    def connect(self, site: Site) -> None:
        self.captioner.connect(site)

    def load(self) -> None:
        self.entailment.load()  # first: it fails sooner
        self.captioner.load()

    def annotate(self, batch: Sequence[Inquiry]) -> Sequence[Sequence[Judged] | Rejected]:
        """A clip of whose claims none can be judged is not captioned: that would cost and decide nothing."""
        wanted = [number for number, inquiry in enumerate(batch) if not all(map(unasked, inquiry.claims))]
        requests = [AudioRequest(batch[number].media, [], []) for number in wanted]
        captions = dict(zip(wanted, self.captioner.annotate(requests) if requests else [], strict=True))
        return [
            said if isinstance(said := captions.get(number, ()), Rejected) else self._judged(inquiry, said)
            for number, inquiry in enumerate(batch)
        ]

    def _judged(self, inquiry: Inquiry, said: Sequence[Said]) -> Sequence[Judged] | Rejected:
        caption = " ".join(sentence.text for sentence in said)
        asked = [claim for claim in inquiry.claims if not unasked(claim)]
        found = self.entailment.judge([(caption, timeless_text(claim)) for claim in asked])
        if refusals := [one for one in found if isinstance(one, Rejected)]:
            return refusals[0]
        left = iter([one for one in found if not isinstance(one, Rejected)])
        duration_s = inquiry.media.duration_s
        return [
            unverifiable(why)
            if (why := unasked(claim))
            else judged(claim, next(left), caption, duration_s, self.entailment.params.decides_from)
            for claim in inquiry.claims
        ]

    def take_usage(self) -> Sequence[Used]:
        return self.captioner.take_usage()

    def estimate(self, duration_s: float, has_video: bool) -> CallEstimate | None:
        return self.captioner.estimate(duration_s, has_video)

    def close(self) -> None:
        self.captioner.close()
        self.entailment.close()


def unasked(claim: Stated) -> str | None:
    """Why a caption says nothing about a claim; None if it may."""
    if claim.basis == "seen":
        return "rests on the picture"
    if claim.type in ("event", "count", "order", "absence"):
        return None
    return f"a caption does not decide a claim of type {claim.type}"


def timeless_text(claim: Stated) -> str:
    """The claim's sentence without its span."""
    return claim_text(claim.model_copy(update={"start_s": None, "end_s": None}))


def judged(claim: Stated, entailed: Entailed, caption: str, duration_s: float, decides_from: float) -> Judged:
    """The caption's word on a claim, as far as it reaches."""
    start_s = 0.0 if claim.start_s is None else claim.start_s
    end_s = duration_s if claim.end_s is None else claim.end_s
    is_about_all = end_s - start_s >= _WHOLE_CLIP * duration_s
    evidence = [
        Evidence(name="caption", quote=caption[:1000]),
        Evidence(name="entailment", value=round(entailed.entailment, 4)),
        Evidence(name="contradiction", value=round(entailed.contradiction, 4)),
    ]
    if entailed.entailment >= decides_from:
        if is_about_all:
            return supported(
                "the caption, written without the claim, says so", evidence, _beyond(entailed.entailment, decides_from)
            )
        return unverifiable("the caption says so, but not when", evidence)
    if entailed.contradiction >= decides_from:
        # that none sounds in a part, or so many do, is not denied by what sounds elsewhere
        if is_about_all or claim.type in ("event", "order"):
            return refuted(
                "the caption, written without the claim, denies it", evidence, _beyond(entailed.contradiction, decides_from)
            )
        return unverifiable("the caption denies it of the whole clip, the claim is about a part", evidence)
    return unverifiable("the caption leaves it open", evidence)


def _beyond(probability: float, threshold: float) -> float:
    return (probability - threshold) / max(1 - threshold, 1e-9)


class ServedBlind(BlindVerifier):
    """The caption comes from a server."""

    class Params(ServedAudioCaptioner.Params, EntailmentParams):
        pass

    def make_captioner(self) -> AudioCaptioner:
        return ServedAudioCaptioner(self.params.part(ServedAudioCaptioner.Params))


class EngineBlind(BlindVerifier):
    """The caption comes from a vLLM engine in the worker, which leaves room on its GPU for nothing else."""

    class Params(EngineAudioCaptioner.Params, EntailmentParams):
        pass

    def make_captioner(self) -> AudioCaptioner:
        return EngineAudioCaptioner(self.params.part(EngineAudioCaptioner.Params))

    @classmethod
    def lacks(cls) -> list[str]:
        return [*EngineAudioCaptioner.lacks(), *super().lacks()]


class Qwen2AudioBlind(BlindVerifier):
    """The caption comes from Qwen2-Audio by transformers."""

    class Params(Qwen2AudioCaptioner.Params, EntailmentParams):
        pass

    def make_captioner(self) -> AudioCaptioner:
        return Qwen2AudioCaptioner(self.params.part(Qwen2AudioCaptioner.Params))


class QwenOmniBlind(BlindVerifier):
    """The caption comes from Qwen-Omni by transformers; Qwen3-Omni-30B-A3B-Captioner was made for it."""

    class Params(QwenOmniCaptioner.Params, EntailmentParams):
        model: str = Field("Qwen/Qwen3-Omni-30B-A3B-Captioner", description="hub id, or a folder with the checkpoint")
        is_asked: bool = Field(False, description="false for Qwen3-Omni-30B-A3B-Captioner, which takes no question")
        memory_gb: float = main_memory(64.0)

    def make_captioner(self) -> AudioCaptioner:
        return QwenOmniCaptioner(self.params.part(QwenOmniCaptioner.Params))
