"""Where a change and the symptoms of an incident meet: by mechanism, by name, by place in the code.

Three kinds of contact, each with what it rests on. By mechanism: the edit would bring about what
is seen, though both share no word (`maxPoolSize 40 -> 4` and requests that wait for a connection).
By name: what the edit takes away or adds is what the errors name. By place: the errors were raised
in the file or function that was edited. Names and places alone do not convict, since whoever works
on a service touches its files; they add to an edit that does something.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .mechanisms import Mechanism, Mention, Shown
from .tokens import specificity, tokens_of
from .work import CodeChange


@dataclass(frozen=True)
class Touch:
    """One meeting of a change with a symptom."""

    level: float
    text: str
    symptom: Mention
    mechanism: Mechanism | None = None


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
                found[name] = Touch(level, f"it changes {name}, which the errors name", symptom)
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
    found: dict[str, Touch] = {}
    for symptom in symptoms:
        words = tokens_of(symptom.text)
        for token in (words & work.tokens) - known:
            level = (0.9 if token in bases else 0.35) * specificity(token, documents)
            level *= symptom.strength
            if token not in found or found[token].level < level:
                found[token] = Touch(level, f"it touches {token}", symptom)
    return sorted(found.values(), key=lambda touch: -touch.level)[:4]


def _either(touches: Sequence[Touch]) -> float:
    left = 1.0
    for touch in touches:
        left *= 1.0 - min(1.0, touch.level)
    return 1.0 - left
