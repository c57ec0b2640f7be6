"""A change as read: what its edit does, what it is about, whose versions it raises."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from .consequences import Consequence, harms, turns
from .diffs import Edit, read
from .settings_turned import swapped, turned
from .tokens import inert, tokens_of

_QUOTED = re.compile(
    r"\"([^\"\s]{3,60})\"|'([^'\s]{3,60})'|\b([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b"
    r"|(?<![\w.])(\d{3,6})(?![\w.])"
    r"|((?:/|[\w-]+(?:://|[./@:-]))[\w./@:-]{4,}[\w/])"
)
_STYLE = re.compile(
    r"\.(?:css|scss|less|html?|tmpl|svg|png|po|snap|lock|sum)$|(^|/)(staging|"
    r"sandbox|preview|qa)(/|\.)|(^|/)(codeowners|dockerignore|gitignore|\.github|"
    r"\.circleci|ci)(/|$)|golangci"
)
_BUMP = re.compile(
    r"(^|/)(go\.mod|go\.sum|package(-lock)?\.json|requirements[\w-]*\.txt|pom\.xml|"
    r"cargo\.(toml|lock)|gemfile(\.lock)?|yarn\.lock|poetry\.lock|"
    r"build\.gradle(\.kts)?)$"
)


@dataclass(frozen=True)
class CodeChange:
    """A change as read: what it does, what it is about."""

    edit: Edit
    effects: tuple[Consequence, ...]
    tokens: frozenset[str]
    names: frozenset[str]
    """Quoted words and constants that only one side of the edit has."""
    files: tuple[str, ...]

    @property
    def harmless(self) -> bool:
        """It was read, and does nothing that could bring anything about."""
        return not self.effects


def study(files: Sequence[str], diff: str) -> CodeChange:
    """Read one change. Documentation, tests, styles and CI do nothing in production."""
    return _study(tuple(files), diff)


@lru_cache(maxsize=1024)  # every step of a response reads the same changes again
def _study(files: tuple[str, ...], diff: str) -> CodeChange:
    edit = read(diff)
    names = tuple(name for name in files if name)
    idle = inert(names) or (bool(names) and all(_STYLE.search(name.lower()) for name in names))
    bump = bool(names) and all(_BUMP.search(name.lower()) for name in names)
    effects = () if idle or bump else tuple(_effects(edit))
    text = [*edit.removed, *edit.added, *(hunk.place for hunk in edit.hunks)]
    tokens = tokens_of("\n".join([*text, *names]))
    return CodeChange(edit, effects, tokens, _names(edit), names)


def bumped(work: CodeChange) -> frozenset[str]:
    """Words of the modules whose version this change raises; empty for any other change."""
    if not any(_BUMP.search(name.lower()) for name in work.files):
        return frozenset()
    return tokens_of(re.sub(r"[/.@-]", " ", "\n".join(work.edit.added)))


def _effects(edit: Edit) -> list[Consequence]:
    named = turned(edit.removed, edit.added)
    told = {(t.before.value, t.after.value) for t in named if t.before and t.after}
    fresh = [
        t
        for t in swapped(edit.removed, edit.added)
        if t.before and t.after and (t.before.value, t.after.value) not in told
    ]
    return turns([*named, *fresh]) + harms(edit)


def _names(edit: Edit) -> frozenset[str]:
    before, after = _literals(edit.removed), _literals(edit.added)
    return before ^ after


def _literals(lines: Sequence[str]) -> frozenset[str]:
    return frozenset(
        next(filter(None, groups)) for line in lines for groups in _QUOTED.findall(line)
    )
