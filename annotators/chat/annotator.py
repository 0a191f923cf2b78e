"""What annotators that ask a chat model have in common: an asker, and all questions of a batch asked together."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar, TypeVar

from annotators.base import Annotator, AnyParams, CallEstimate, Resources
from annotators.chat.asker import Asker
from annotators.chat.request import ChatRequest, Reply
from annotators.site import Site
from schemas.accounting import Used
from schemas.errors import Rejected

In = TypeVar("In")
Out = TypeVar("Out")


class AskingAnnotator(Annotator[In, Out]):
    """A role writes `questions`, `answer` and `typical`; a class for one transport adds `make_asker` and its parameters.

    `reply_tokens`: how long replies usually are, for estimates before anything was asked.
    """

    reply_tokens: ClassVar[float] = 100.0

    def __init__(self, params: AnyParams) -> None:
        super().__init__(params)
        self.asker = self.make_asker()

    @abstractmethod
    def make_asker(self) -> Asker:
        """The asker that the parameters describe. Cheap: nothing is loaded or connected."""

    @abstractmethod
    def questions(self, item: In) -> Sequence[ChatRequest]:
        """What is asked about one item. Decodes its media."""

    @abstractmethod
    def answer(self, item: In, replies: Sequence[Reply | Rejected]) -> Out | Rejected:
        """What the replies to `questions(item)`, in their order, mean."""

    @abstractmethod
    def typical(self, duration_s: float, has_video: bool) -> Sequence[ChatRequest]:
        """Questions as they would be for a clip of this length, without a clip: for estimates."""

    def annotate(self, batch: Sequence[In]) -> Sequence[Out | Rejected]:
        questions = [list(self.questions(item)) for item in batch]
        replies = iter(self.asker.ask([question for of_item in questions for question in of_item]))
        return [self.answer(item, [next(replies) for _ in asked]) for item, asked in zip(batch, questions, strict=True)]

    @property
    def model(self) -> str:
        return self.asker.model

    @property
    def resources(self) -> Resources:
        return self.asker.resources

    @property
    def batch_size(self) -> int:
        return self.asker.batch_size

    def connect(self, site: Site) -> None:
        self.asker.connect(site)

    def load(self) -> None:
        self.asker.open()

    def take_usage(self) -> Sequence[Used]:
        return self.asker.take_usage()

    def estimate(self, duration_s: float, has_video: bool) -> CallEstimate | None:
        return self.asker.estimate(self.typical(duration_s, has_video), self.reply_tokens)

    def close(self) -> None:
        self.asker.close()
