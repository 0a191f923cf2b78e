"""Questions to a transformers model in this process: the asker that every such backend shares.

Replies are generated in padded batches, drawn ones each from their own seed (`drawing`), and a batch that does not fit into
memory is halved. There is no grammar here: a schema goes into the question in words, and what does not validate is asked again.
"""

import json
from collections.abc import Sequence
from typing import Any

from annotators.base import CallEstimate, Resources
from annotators.batching import free_cached_memory, in_halves
from annotators.chat.request import ChatRequest, Reply
from annotators.chat.structured import RawReply, ask_in_rounds, strict_schema
from annotators.hf.drawing import Drawing
from annotators.hf.families import Family
from annotators.hf.loading import load_chat_model
from annotators.hf.params import HfParams
from annotators.site import Site
from annotators.weights import find_weights, missing_packages, model_name
from schemas.accounting import Used
from schemas.errors import ModelError, Rejected

Row = tuple[ChatRequest, int]  # a request, and the number of one of its samples


class HfAsker:
    """Picklable until it is opened."""

    def __init__(self, params: HfParams, family: Family) -> None:
        self.params = params
        self._family = family
        self._processor: Any = None
        self._model: Any = None

    @property
    def model(self) -> str:
        return model_name(self.params.model, self.params.revision)

    @property
    def resources(self) -> Resources:
        return self.params.resources

    @property
    def batch_size(self) -> int:
        return self.params.clips_per_batch

    @staticmethod
    def lacks() -> list[str]:
        return missing_packages("torch", "transformers")

    def connect(self, site: Site) -> None:
        """A model in this process shares nothing with other workers."""

    def open(self) -> None:
        if lacks := self.lacks():
            raise ModelError(f"{self.params.model} cannot be run here: {lacks[0]}")
        folder = find_weights(self.params.model, self.params.revision)
        self._processor, self._model = load_chat_model(folder, self._family, self.params)

    def ask(self, requests: Sequence[ChatRequest]) -> list[Reply | Rejected]:
        """In rounds: what does not validate is asked again together."""
        return ask_in_rounds(requests, self._generate, self.params.reasks)

    def _generate(self, requests: Sequence[ChatRequest]) -> list[RawReply | Rejected]:
        """One row of a batch for every sample of every request that the model can be given."""
        refusals = [self._family.refuses(self._processor, request.media[0]) for request in requests]
        rows = [
            (request, sample)
            for request, refusal in zip(requests, refusals, strict=True)
            if not refusal
            for sample in range(request.samples)
        ]
        batches = (rows[start : start + self.params.batch_size] for start in range(0, len(rows), self.params.batch_size))
        given = iter([raw for batch in batches for raw in in_halves(self._batch, batch)])
        return [
            refusal or _together([next(given) for _ in range(request.samples)])
            for request, refusal in zip(requests, refusals, strict=True)
        ]

    def _batch(self, rows: Sequence[Row]) -> list[RawReply | Rejected]:
        """One call of the model, one text per row. Whom the processor refuses is found by halving the batch."""
        import torch
        from transformers import LogitsProcessorList

        try:
            inputs = self._inputs([request for request, _ in rows])
        except (ValueError, IndexError, TypeError) as error:
            if len(rows) == 1:
                return [Rejected("request_refused", f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")]
            middle = len(rows) // 2
            return self._batch(rows[:middle]) + self._batch(rows[middle:])
        with torch.inference_mode():
            tokens = self._model.generate(
                **inputs.to(self._model.device, self._model.dtype),
                max_new_tokens=max(request.max_tokens for request, _ in rows),
                logits_processor=LogitsProcessorList([Drawing(rows, self._model.device)]),
            )
        new = tokens[:, inputs["input_ids"].shape[1] :].tolist()
        return [self._raw(request, reply) for (request, _), reply in zip(rows, new, strict=True)]

    def _inputs(self, requests: Sequence[ChatRequest]) -> Any:
        """What the model is given. ValueError if a prompt with its reply has more tokens than the model was made for."""
        prompts = [self._prompt(request) for request in requests]
        inputs = self._family.inputs(self._processor, prompts, [request.media[0] for request in requests])
        longest = self._model.config.get_text_config().max_position_embeddings
        for request, mask in zip(requests, inputs["attention_mask"], strict=True):
            if (length := int(mask.sum())) + request.max_tokens > longest:
                raise ValueError(
                    f"the question has {length} tokens with its {self._family.takes}, and the reply up to "
                    f"{request.max_tokens}; the model takes {longest}"
                )
        return inputs

    def _prompt(self, request: ChatRequest) -> str:
        kind = self._family.takes
        text = f"{request.text}\n{_in_words(request)}".strip()
        content: list[dict[str, str]] = [{"type": kind, kind: kind}]
        if text:  # a captioner that is asked nothing is given the sound alone
            content.append({"type": "text", "text": text})
        messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
        if request.system:
            messages.insert(0, {"role": "system", "content": [{"type": "text", "text": request.system}]})
        for reply, answer in request.turns:
            messages.append({"role": "assistant", "content": [{"type": "text", "text": reply}]})
            messages.append({"role": "user", "content": [{"type": "text", "text": answer}]})
        prompt: str = self._processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return prompt

    def _raw(self, request: ChatRequest, tokens: Sequence[int]) -> RawReply:
        """Up to the end of the reply; one that has none within its own limit was cut off."""
        ends = self._model.generation_config.eos_token_id
        allowed = tokens[: request.max_tokens]
        length = next((place for place, token in enumerate(allowed) if token in ends), None)
        text = self._processor.tokenizer.decode(allowed[:length], skip_special_tokens=True)
        return RawReply((text,), ("length" if length is None else "stop",))

    def take_usage(self) -> Sequence[Used]:
        return ()

    def estimate(self, requests: Sequence[ChatRequest], reply_tokens: float) -> CallEstimate | None:
        return None

    def close(self) -> None:
        self._processor = self._model = None
        free_cached_memory()


def _together(raws: Sequence[RawReply | Rejected]) -> RawReply | Rejected:
    """The samples of one request; all of them or none."""
    if refused := [raw for raw in raws if isinstance(raw, Rejected)]:
        return refused[0]
    drawn = [raw for raw in raws if isinstance(raw, RawReply)]
    return RawReply(tuple(raw.texts[0] for raw in drawn), tuple(raw.finish[0] for raw in drawn))


def _in_words(request: ChatRequest) -> str:
    if request.schema is None:
        return ""
    return f"Answer with one JSON object that fits this JSON Schema:\n{json.dumps(strict_schema(request.schema))}"
