"""Tokens: estimates them, adds them up over the requests of one ask, doubts impossible figures."""

import re
from dataclasses import dataclass, field

from .protocol import Usage

CHARACTERS_A_TOKEN = 3.5
"""English prose is nearer 4, JSON and code nearer 3."""
CJK = re.compile("[\u3400-\u9fff]")
"""Chinese characters: each is about a token by itself."""
FACTOR = 4
SLACK = 64
"""A reported figure may be this many tokens off whatever the factor: chat templates add a few."""


def weight(text: str) -> float:
    """Length of a text in characters; a Chinese one weighs as many as make a token."""
    chinese = 0 if text.isascii() else len(CJK.findall(text))
    return len(text) + chinese * (CHARACTERS_A_TOKEN - 1)


def estimated(characters: float) -> int:
    """Tokens of so many characters, as `weight` counts them; at least one."""
    return max(1, round(characters / CHARACTERS_A_TOKEN))


def tokens_of(text: str) -> int:
    """Tokens of a text. The one estimate there is: budgets, prompts and evals all use it."""
    return estimated(weight(text))


def believable(reported: int | None, estimate: int) -> bool:
    """Whether a reported count can be the count of a text that we estimate so."""
    if reported is None or reported <= 0:
        return False
    low, high = sorted((reported, estimate))
    return high - low <= SLACK or high <= FACTOR * low


def plus(first: Usage | None, second: Usage | None) -> Usage:
    """Both together; None counts as nothing."""
    a, b = first or Usage(requests=0), second or Usage(requests=0)
    return Usage(
        a.input + b.input,
        a.output + b.output,
        a.estimated or b.estimated,
        a.requests + b.requests,
        a.cached + b.cached,
    )


@dataclass
class Tally:
    """What one ask has used so far, and what was odd about it."""

    used: Usage = field(default_factory=lambda: Usage(requests=0))
    notes: list[str] = field(default_factory=list)

    def request(self) -> None:
        """One more request went out."""
        self.used = plus(self.used, Usage())

    def note(self, text: str) -> None:
        """Keep a remark, once."""
        if text not in self.notes:
            self.notes.append(text)

    def tokens(
        self, reported: tuple[int | None, int | None], estimate: tuple[int, int], cached: int = 0
    ) -> None:
        """Count (input, output) tokens of one answer. A missing or impossible figure is replaced
        by the larger of it and the estimate: a budget must not be fooled by a broken counter.
        `cached` of the input count only where its own figure can be believed."""
        odd = [not believable(*pair) for pair in zip(reported, estimate, strict=True)]
        counted = [
            max(said or 0, guess) if wrong else said or 0
            for said, guess, wrong in zip(reported, estimate, odd, strict=True)
        ]
        if any(odd):
            self.note(_doubt(reported, estimate))
        cached = 0 if odd[0] else min(max(0, cached), counted[0])
        self.used = plus(self.used, Usage(counted[0], counted[1], any(odd), 0, cached))


def _doubt(reported: tuple[int | None, int | None], estimate: tuple[int, int]) -> str:
    if reported == (None, None):
        return "the endpoint reports no tokens: they are estimated"
    said = ["no" if count is None else str(count) for count in reported]
    return (
        f"the endpoint reported {said[0]} input and {said[1]} output tokens, "
        f"we estimate {estimate[0]} and {estimate[1]}: the larger counts"
    )
