"""Questions to a transformers model in this process: the asker that every such backend shares.

Likeliest-word replies are generated in padded batches, and a batch that does not fit into memory is halved. A drawn reply is
generated alone with its own seed, so that it does not depend on who else was in the batch. There is no grammar here: a schema
goes into the question in words, and what does not validate is asked again.
"""

import json
from collections.abc import Sequence
from typing import Any

from annotators.base import CallEstimate, Resources
from annotators.batching import free_cached_memory, in_halves
from annotators.chat.request import ChatRequest, Reply
from annotators.chat.structured import RawReply, read_reply, strict_schema
from annotators.hf.families import Family
from annotators.hf.params import HfParams
from annotators.site import Site
from annotators.weights import find_weights, missing_packages, model_name
from schemas.accounting import Used
from schemas.errors import ModelError, Rejected


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
        params, folder = self.params, find_weights(self.params.model, self.params.revision)
        try:
            self._processor, self._model = self._family.load(folder, params.dtype, params.attention, params.device)
        except (ValueError, RuntimeError, OSError, KeyError, AttributeError) as error:
            said = " ".join(str(error).split())[:300]
            raise ModelError(f"transformers cannot load {params.model}: {type(error).__name__}: {said}") from error

    def ask(self, requests: Sequence[ChatRequest]) -> list[Reply | Rejected]:
        """In rounds: what does not validate is asked again together."""
        asked: dict[int, ChatRequest] = dict(enumerate(requests))
        outcomes: dict[int, Reply | Rejected] = {}
        while asked:
            again: dict[int, ChatRequest] = {}
            for (number, request), raw in zip(asked.items(), self._generate(list(asked.values())), strict=True):
                outcome = raw if isinstance(raw, Rejected) else read_reply(request, raw, self.params.reasks)
                if isinstance(outcome, ChatRequest):
                    again[number] = outcome
                else:
                    outcomes[number] = outcome
            asked = again
        return [outcomes[number] for number in range(len(requests))]

    def _generate(self, requests: Sequence[ChatRequest]) -> list[RawReply | Rejected]:
        raws: dict[int, RawReply | Rejected] = {}
        together: list[int] = []
        for number, request in enumerate(requests):
            if refusal := self._refusal(request):
                raws[number] = refusal
            elif request.temperature:
                (raws[number],) = in_halves(self._batch, [request])
            else:
                together.append(number)
        for start in range(0, len(together), self.params.batch_size):
            numbers = together[start : start + self.params.batch_size]
            batch = [requests[number] for number in numbers]
            raws.update(zip(numbers, in_halves(self._batch, batch), strict=True))
        return [raws[number] for number in range(len(requests))]

    def _refusal(self, request: ChatRequest) -> Rejected | None:
        (part,) = request.media
        return self._family.refuses(self._processor, part)

    def _batch(self, requests: Sequence[ChatRequest]) -> list[RawReply | Rejected]:
        """One call of the model. All requests are of one temperature; what the processor refuses is found one by one."""
        import torch

        try:
            inputs = self._family.inputs(
                self._processor, [self._prompt(request) for request in requests], [request.media[0] for request in requests]
            )
        except (ValueError, IndexError, TypeError) as error:
            if len(requests) > 1:
                return [raw for request in requests for raw in self._batch([request])]
            return [Rejected("request_refused", f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")]
        first = requests[0]
        torch.manual_seed(first.seed)
        drawn: dict[str, Any] = {"temperature": first.temperature, "top_k": 0, "top_p": 1.0} if first.temperature else {}
        with torch.inference_mode():
            tokens = self._model.generate(
                **inputs.to(self._model.device, self._model.dtype),
                do_sample=bool(first.temperature),
                num_return_sequences=first.samples,
                max_new_tokens=max(request.max_tokens for request in requests),
                pad_token_id=self._processor.tokenizer.pad_token_id,
                **drawn,
            )
        new = tokens[:, inputs["input_ids"].shape[1] :].tolist()
        per_request = [new[start : start + first.samples] for start in range(0, len(new), first.samples)]
        return [self._raw(request, samples) for request, samples in zip(requests, per_request, strict=True)]

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

    def _raw(self, request: ChatRequest, samples: Sequence[Sequence[int]]) -> RawReply:
        """Each sample up to its end; one that has none within its own limit was cut off."""
        ends = self._model.generation_config.eos_token_id
        ends = {ends} if isinstance(ends, int) else set(ends or ())
        texts, finish = [], []
        for tokens in samples:
            length = next((place for place, token in enumerate(tokens) if token in ends), len(tokens))
            is_whole = length < min(len(tokens), request.max_tokens)
            texts.append(self._processor.tokenizer.decode(tokens[: min(length, request.max_tokens)], skip_special_tokens=True))
            finish.append("stop" if is_whole else "length")
        return RawReply(tuple(texts), tuple(finish))

    def take_usage(self) -> Sequence[Used]:
        return ()

    def estimate(self, requests: Sequence[ChatRequest], reply_tokens: float) -> CallEstimate | None:
        return None

    def close(self) -> None:
        self._processor = self._model = None
        free_cached_memory()


def _in_words(request: ChatRequest) -> str:
    if request.schema is None:
        return ""
    return f"Answer with one JSON object that fits this JSON Schema:\n{json.dumps(strict_schema(request.schema))}"
