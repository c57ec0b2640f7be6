"""A kind of edit that does harm: lines of some pattern that go away or come."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .mechanisms import Mechanism


@dataclass(frozen=True)
class Harm:
    """A kind of line, in words and as a pattern, and what its change brings about (0..1 each)."""

    text: str
    pattern: re.Pattern[str]
    weights: Mapping[Mechanism, float]


def harm(text: str, pattern: str, **weights: float) -> Harm:
    """One entry of a table; the keywords are names of mechanisms."""
    found = {Mechanism[name]: weight for name, weight in weights.items()}
    return Harm(text, re.compile(pattern, re.IGNORECASE), found)
