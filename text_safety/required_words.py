"""What a text must contain before a pattern can match it: reading a pattern for its fixed words.

A search for a fixed word takes nanoseconds a character, one of eighty alternatives microseconds.
As in Cox, "Regular Expression Matching with a Trigram Index" (2012), but with whole words: for each
pattern a set of words of which every match contains one. What cannot be read requires nothing.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

try:
    import re._parser as parser  # pyright: ignore[reportMissingImports]
except ImportError:  # another Python: patterns are then searched without a word that says when
    parser = None

Words = frozenset[str]
ALIKE = str.maketrans("\u0130\u0131\u017f\u212a", "iisk")
"""Letters beyond ASCII that match one of ASCII where case is ignored."""
MOST = 64
"""Different words of one place; more than that say little."""
LONG = 5
"""Letters of the parts of words that are looked for first."""
ENOUGH = 4
"""Letters from which a longer word says no more."""


def required(pattern: str) -> Words:
    """Words in lower case of which one is in every match, read as by ALIKE; none: unknown."""
    if parser is None:
        return frozenset()
    return max(_Reader().found(parser.parse(pattern, re.IGNORECASE)), key=_worth, default=Words())


def _worth(words: Words) -> tuple[int, int]:
    rarest = min(len(word) if word.isascii() else ENOUGH for word in words)
    return min(ENOUGH, rarest), -len(words)


class _Reader:
    """Goes through a parsed pattern and collects the words that run through it unbroken."""

    def __init__(self) -> None:
        self.sets: list[Words] = []
        self.run: Words = Words({""})

    def found(self, items: Any) -> list[Words]:
        """Sets of words; a match has one word of each of them."""
        for name, value in items:
            self._item(str(name), value)
        self._end()
        return self.sets

    def _item(self, name: str, value: Any) -> None:
        if name in ("AT", "ASSERT", "ASSERT_NOT"):
            return  # takes no letters
        words = _exact(name, value)
        if words is not None and len(self.run) * len(words) <= MOST:
            self.run = Words(before + after for before in self.run for after in words)
            return
        self._end()
        self.sets += _inside(name, value)

    def _end(self) -> None:
        if all(self.run):
            self.sets.append(_shortest(self.run))
        self.run = Words({""})


def _inside(name: str, value: Any) -> list[Words]:
    """What a part requires that is more than a few fixed words."""
    if name == "SUBPATTERN":
        return _Reader().found(value[3])
    if name in ("MAX_REPEAT", "MIN_REPEAT") and value[0] > 0:
        return _Reader().found(value[2])
    if name == "BRANCH":
        best = [max(_Reader().found(one), key=_worth, default=None) for one in value[1]]
        if all(best):
            return [_shortest(Words().union(*(words for words in best if words)))]
    return []


def _shortest(words: Words) -> Words:
    """Without words that hold another one: that one says it."""
    kept: list[str] = []
    for word in sorted(words, key=len):
        if not any(short in word for short in kept):
            kept.append(word)
    return Words(kept)


def _exact(name: str, value: Any) -> Words | None:
    """The few different words that a part can be; None where they are many."""
    if name == "LITERAL":
        return _letter(value)
    if name == "IN" and all(str(kind) == "LITERAL" and _letter(code) for kind, code in value):
        return Words(chr(code).lower() for _, code in value)
    if name == "SUBPATTERN":
        return _words(value[3])
    if name in ("MAX_REPEAT", "MIN_REPEAT") and (value[0], value[1]) == (0, 1):
        words = _words(value[2])
        return None if words is None else words | {""}
    if name == "BRANCH":
        parts = [_words(one) for one in value[1]]
        whole = Words().union(*(part for part in parts if part is not None))
        return whole if None not in parts and len(whole) <= MOST else None
    return None


def _letter(code: int) -> Words | None:
    """A letter in lower case; None for those beyond ASCII that have two cases, or more."""
    letter = chr(code)
    plain = letter.isascii() or letter.lower() == letter.upper()
    return Words({letter.lower()}) if plain else None


def _words(items: Any) -> Words | None:
    """The few different words that a sequence can be."""
    words = Words({""})
    for name, value in items:
        if str(name) in ("AT", "ASSERT", "ASSERT_NOT"):
            continue
        after = _exact(str(name), value)
        if after is None or len(words) * len(after) > MOST:
            return None
        words = Words(one + two for one in words for two in after)
    return words


class AnyOf:
    """Several patterns as one alternation, upper and lower case alike; finds what it would find."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)

    def search(self, text: str) -> re.Match[str] | None:
        """The first match; of several that begin together, the first pattern's."""
        return min(self.matches(text), key=lambda match: match.start(), default=None)

    def matches(self, text: str) -> Iterator[re.Match[str]]:
        """The first match of each pattern that has one, in the order of the patterns."""
        return (m for i in self._possible(text) if (m := self._each[i].search(text)))

    @cached_property
    def words(self) -> list[Words]:
        """What each pattern requires."""
        return [required(p) for p in self.patterns]

    @cached_property
    def _each(self) -> list[re.Pattern[str]]:
        return [re.compile(p, re.IGNORECASE) for p in self.patterns]

    @cached_property
    def _always(self) -> list[int]:
        return [i for i, words in enumerate(self.words) if not words]

    @cached_property
    def _parts(self) -> list[tuple[str, list[int]]]:
        """Short parts of words, and the patterns that may match where one is in the text."""
        parts = _parts(Words().union(*self.words))
        return [
            (part, [i for i, ours in enumerate(self.words) if ours & words])
            for part, words in parts.items()
        ]

    @cached_property
    def _plain(self) -> list[tuple[str, list[int]]]:
        return [(part, ours) for part, ours in self._parts if part.isascii()]

    def _possible(self, text: str) -> list[int]:
        """Patterns that may match, in order."""
        plain = text.isascii()
        parts = self._plain if plain else self._parts
        lower = text.lower() if plain else text.translate(ALIKE).lower()
        some = {i for part, ours in parts if part in lower for i in ours}
        ready = [i for i in some if any(word in lower for word in self.words[i])]
        return sorted([*self._always, *ready])


def _parts(words: Words) -> dict[str, Words]:
    """Few short parts, and the words that each stands for: a text without any holds no word."""
    count = Counter(part for word in words for part in _cuts(word))
    common = {word: max(_cuts(word), key=lambda part: (count[part], part)) for word in words}
    parts: dict[str, set[str]] = {}
    for word, part in common.items():
        parts.setdefault(part, set()).add(word)
    return {part: Words(ours) for part, ours in sorted(parts.items())}


def _cuts(word: str) -> set[str]:
    return {word[i : i + LONG] for i in range(max(1, len(word) - LONG + 1))}
