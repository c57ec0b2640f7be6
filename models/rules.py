"""Secrets by the rules of gitleaks: what its maintainers know of each vendor's keys and tokens.

`gitleaks.toml` is made from gitleaks' own configuration by docs/write_secret_rules.py. Left out are
rules for files, and the rule for values that only their name gives away: `named.py` does that with
an eye on telemetry. Ends are loosened: in a log line a value may be followed by a bracket or a
comma. Expressions are RE2's, as there.
"""

import math
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import re2

RULES = Path(__file__).with_name("gitleaks.toml")


@dataclass(frozen=True)
class SecretRule:
    """One rule: it is tried on texts that hold one of its keywords."""

    id: str
    regex: str
    keywords: tuple[str, ...]
    entropy: float = 0.0
    """Bits a character that a value must have at least: what repeats itself is an example."""

    @cached_property
    def program(self) -> Any:
        """Compiled when the first text holds a keyword."""
        return re2.compile(self.regex)

    def spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where values stand in a text: the longest group of a match, else the whole of it."""
        for match in self.program.finditer(text):
            found = [match.span(number + 1) for number in range(self.program.groups)]
            start, end = max(found, key=lambda span: span[1] - span[0], default=match.span())
            if start < end and entropy(text[start:end]) >= self.entropy:
                yield start, end


def entropy(text: str) -> float:
    """Shannon's, in bits a character."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)


@cache
def rules() -> tuple[SecretRule, ...]:
    """Every rule of the file."""
    read = tomllib.loads(RULES.read_text())["rules"]
    return tuple(SecretRule(**{**rule, "keywords": tuple(rule["keywords"])}) for rule in read)


@cache
def by_keyword() -> dict[str, list[SecretRule]]:
    """The rules of each keyword."""
    found: dict[str, list[SecretRule]] = {}
    for rule in rules():
        for word in rule.keywords:
            found.setdefault(word, []).append(rule)
    return found


def spans(text: str) -> Iterator[tuple[int, int, str]]:
    """(start, end, what it is) of each secret that a rule knows."""
    lower, known = text.lower(), by_keyword()
    held = [word for word in known if word in lower]
    if not held:
        return
    spelled = text.encode(errors="replace").decode()
    for rule in dict.fromkeys(rule for word in held for rule in known[word]):
        label = re.sub(r"[^a-z]+", " ", rule.id).strip()
        yield from ((*span, label) for span in rule.spans(spelled))
