"""What all that write a chain of thought have in common: one question about one case, one grounded chain back."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from pydantic import Field

from annotators.base import AnyParams, Params
from annotators.chat.annotator import AskingAnnotator
from annotators.chat.request import ChatRequest, Reply
from annotators.chat.written import Written, reasoned
from annotators.prompts import prompt
from annotators.roles import CaseFile
from schemas.errors import Rejected
from schemas.reasoning import Reasoned

Case = TypeVar("Case")


class ReasonParams(Params):
    """How a reasoner is asked."""

    temperature: float = Field(0.0, ge=0, le=2, description="0 takes the likeliest word; above, a reply is drawn")
    max_tokens: int = Field(3000, ge=64, le=32768, description="a reply that is longer is cut off, and then is no answer")
    max_words: int = Field(68, ge=20, description="longest caption_cot, as long as a generator's text encoder reads")


class AskingWriter(AskingAnnotator[Case, Reasoned]):
    """A subclass says what a case is about, how it is told, and what a reply is held to."""

    prompt_name: ClassVar[str]

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self.reason_params = params.part(ReasonParams)
        asked = prompt(self.prompt_name)
        self.prompt_id = asked.id
        self._system = asked.fill(max_words=str(self.reason_params.max_words))

    @abstractmethod
    def clip(self, item: Case) -> CaseFile:
        """The clip that the chain is about."""

    @abstractmethod
    def text(self, item: Case) -> str:
        """The case in words, its evidence numbered."""

    @abstractmethod
    def schema(self, item: Case) -> type[Written]:
        """The reply, with the checks of this case."""

    def questions(self, item: Case) -> Sequence[ChatRequest]:
        params = self.reason_params
        return [
            ChatRequest(
                self.clip(item).clip_id, self.text(item), system=self._system, schema=self.schema(item),
                temperature=params.temperature, max_tokens=params.max_tokens,
            )
        ]  # fmt: skip

    def answer(self, item: Case, replies: Sequence[Reply | Rejected]) -> Reasoned | Rejected:
        (reply,) = replies
        if isinstance(reply, Rejected):
            return reply
        (written,) = reply.values
        assert isinstance(written, Written)
        return reasoned(written, self.clip(item).duration_s)
