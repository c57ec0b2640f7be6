"""What a platform of its own section is opened by: the mode that an operator wrote there."""

import time
from collections.abc import Callable
from typing import ClassVar, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from ..actions.capabilities import Platform, Receipt
from ..errors import Halfway, ToolFailed

PATIENCE_S, POLL_S = 150.0, 0.5


class Section(BaseModel):
    """Of operations.json, for one platform."""

    model_config = ConfigDict(extra="forbid")

    mode: Literal["read", "propose", "act"] = Field(
        default="read", description="read: look; propose: also plan; act: also what was approved"
    )


S = TypeVar("S", bound=Section)


class Guarded(Platform, Generic[S]):
    """A platform that does nothing unless its section says `"mode": "act"`."""

    given: ClassVar[type[Section]]

    def __init__(self, access: S) -> None:
        self.access = access

    @classmethod
    def configured(cls, given: JsonValue) -> Self:
        """From the section's content. Raises ValueError with what to correct."""
        return cls(cls.given.model_validate(given))  # type: ignore[arg-type]

    @property
    def shut(self) -> str:
        """Where it is only read."""
        return self._closed if self.access.mode == "read" else ""

    def open(self, by_hand: str) -> None:
        """Raises ToolFailed where nothing may be done, with what a person would do."""
        if self.access.mode != "act":
            raise ToolFailed(f"nothing was done: {self._closed}; by hand: {by_hand}")

    @property
    def _closed(self) -> str:
        return (
            f'{self.section} is in mode {self.access.mode}: write "mode": "act" into its section '
            "of operations.json"
        )


R = TypeVar("R", bound=Receipt)


def awaited(receipt: R, look: Callable[[], str], patience_s: float = PATIENCE_S) -> R:
    """The receipt, once nothing is missing any more.

    Args:
        look: says what is still missing; empty: nothing.

    Raises Halfway with the receipt where it never came about: the effect itself was carried out.
    """
    until = time.monotonic() + patience_s
    while missing := _looked(look):
        if time.monotonic() > until:
            raise Halfway(f"it was done, and after {patience_s:g} s {missing}", receipt)
        time.sleep(POLL_S)
    return receipt


def _looked(look: Callable[[], str]) -> str:
    try:
        return look()
    except ToolFailed as error:  # it may answer again
        return str(error)
