"""A change as read, and where it meets the symptoms: by mechanism, by name, by place in the code.

Three kinds of contact, each with what it rests on. By mechanism: the edit would bring about what
is seen, though both share no word (`maxPoolSize 40 -> 4` and requests that wait for a connection).
By name: what the edit takes away or adds is what the errors name. By place: the errors were raised
in the file or function that was edited. Names and places alone do not convict, since whoever works
on a service touches its files; they add to an edit that does something.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from .consequences import Consequence, harms, turns
from .diffs import Edit, read
from .mechanisms import Mechanism, Mention, Shown
from .settings_turned import swapped, turned
from .tokens import inert, specificity, tokens_of

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
_FUNCTION = re.compile(r"\b([A-Za-z_]\w*)\s?\(|\bclass (\w+)")
_BUMP = re.compile(
    r"(^|/)(go\.mod|go\.sum|package(-lock)?\.json|requirements[\w-]*\.txt|pom\.xml|"
    r"cargo\.(toml|lock)|gemfile(\.lock)?|yarn\.lock|poetry\.lock|"
    r"build\.gradle(\.kts)?)$"
)


OWN, TELLING = 0.5, 0.5
"""Specificity and level from which a file, a function or a name is this change's own."""
PATHS = ("log", "span")
"""Symptoms that tell where requests ran."""


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


@dataclass(frozen=True)
class Touch:
    """One meeting of a change with a symptom."""

    level: float
    text: str
    symptom: Mention
    mechanism: Mechanism | None = None
    structural: bool = False
    """It shares a file, a function or a name of its own with what fails: the failing path runs
    through what was changed."""


@dataclass(frozen=True)
class Contact:
    """All meetings of one change with the symptoms, the closest first."""

    mechanism: tuple[Touch, ...] = ()
    name: tuple[Touch, ...] = ()
    place: tuple[Touch, ...] = ()

    @property
    def by_mechanism(self) -> float:
        """0..1."""
        return _either(self.mechanism)

    def of(self, mechanisms: Collection[Mechanism]) -> float:
        """By these mechanisms alone, 0..1."""
        return _either([touch for touch in self.mechanism if touch.mechanism in mechanisms])

    @property
    def by_name(self) -> float:
        """0..1."""
        return _either(self.name)

    @property
    def by_place(self) -> float:
        """0..1."""
        return _either(self.place)

    @property
    def on_the_path(self) -> Touch | None:
        """The closest meeting in structure, or None: likeness of a mechanism alone is none."""
        ties = [touch for touch in (*self.place, *self.name) if touch.structural]
        return max(ties, key=lambda touch: touch.level, default=None)


def meet(
    work: CodeChange,
    symptoms: Sequence[Mention],
    shown: Mapping[Mechanism, Shown],
    others: Sequence[CodeChange],
    known: Collection[str] = (),
) -> Contact:
    """How one change meets the symptoms.

    others: every change, to tell what only this one says. known: words that mean nothing, such as
    names of services.
    """
    return Contact(
        tuple(_by_mechanism(work, shown)),
        tuple(_by_name(work, symptoms)),
        tuple(_by_place(work, symptoms, others, frozenset(known))),
    )


def _by_mechanism(work: CodeChange, shown: Mapping[Mechanism, Shown]) -> list[Touch]:
    """Each effect with the mechanism it fits best; what is not seen does not count."""
    touches = []
    for effect in work.effects:
        fits = [
            (weight * shown[name].level, name)
            for name, weight in effect.weights.items()
            if name in shown
        ]
        level, name = max(fits, default=(0.0, None))
        if name is not None and level >= 0.1:
            touches.append(Touch(level, f"{effect.text}: {name}", shown[name].symptoms[0], name))
    return sorted(touches, key=lambda touch: -touch.level)


def _by_name(work: CodeChange, symptoms: Sequence[Mention]) -> list[Touch]:
    found: dict[str, Touch] = {}
    for name in work.names:
        end = "" if name.endswith("/") else r"(?![\w-])"
        whole = re.compile(rf"(?<![\w.-]){re.escape(name)}{end}")
        for symptom in symptoms:
            if symptom.source != "metric" and whole.search(symptom.text) and name not in found:
                quoted = f"'{name}'" in symptom.text or f'"{name}"' in symptom.text
                level = (0.9 if quoted or not name.isalpha() else 0.4) * symptom.strength
                text = f"it changes {name}, which the errors name"
                own = not name.isdecimal()  # a number is a status or a size as well
                found[name] = Touch(level, text, symptom, structural=own and level >= TELLING)
    return sorted(found.values(), key=lambda touch: -touch.level)


def _by_place(
    work: CodeChange,
    symptoms: Sequence[Mention],
    others: Sequence[CodeChange],
    known: frozenset[str],
) -> list[Touch]:
    """Files by their name, functions and other words by how few changes share them."""
    documents = [other.tokens for other in others]
    bases = {name.rsplit("/", 1)[-1].lower() for name in work.files}
    headings = " ".join(hunk.place for hunk in work.edit.hunks)
    code = bases | tokens_of(" ".join(map("".join, _FUNCTION.findall(headings))))
    found: dict[str, Touch] = {}
    for symptom in symptoms:
        words = tokens_of(symptom.text)
        for token in (words & work.tokens) - known:
            rare = specificity(token, documents)
            level = (0.9 if token in bases else 0.35) * rare * symptom.strength
            if token not in found or found[token].level < level:
                path = token in code and rare >= OWN and symptom.source in PATHS
                found[token] = Touch(level, f"it touches {token}", symptom, structural=path)
    return sorted(found.values(), key=lambda touch: -touch.level)[:4]


def _either(touches: Sequence[Touch]) -> float:
    left = 1.0
    for touch in touches:
        left *= 1.0 - min(1.0, touch.level)
    return 1.0 - left
