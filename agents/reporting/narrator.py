"""Claims of a postmortem: each in neutral words, each tied to evidence or to the timeline."""

from collections.abc import Iterable
from dataclasses import dataclass

from ...incident.document import Incident
from ...incident.evidence import Quote
from ...incident.timeline import Event, EventKind
from ...telemetry.model import Catalogue
from ...text_safety.blame_language import Mark, blame_marks, reword
from .chronicle import chronicle
from .wording import shown

MOST_REFS = 4
"""References of one claim: more of them prove no more."""


@dataclass(frozen=True)
class Statement:
    """One sentence and what it rests on: evidence (E…), timeline rows (T…), gaps (G…), dropped
    claims (D…)."""

    text: str
    refs: tuple[str, ...]


@dataclass(frozen=True)
class NumberedEvent:
    """One numbered line of the timeline."""

    id: str
    event: Event
    kinds: tuple[EventKind, ...]


class Narrator:
    """Turns the record into claims. Blaming sentences are reworded, and listed as marks."""

    def __init__(
        self, document: Incident, people: Iterable[str] = (), catalogue: Catalogue | None = None
    ) -> None:
        self.document = document
        self.people = sorted(set(people))
        known = catalogue.services if catalogue else []
        self.systems = sorted({*_systems(document), *(service.name for service in known)})
        self.marks: list[Mark] = []
        self.rows = [
            NumberedEvent(f"T{n}", self._neutral(entry.event), entry.kinds)
            for n, entry in enumerate(chronicle(document), 1)
        ]
        self.cited: dict[str, None] = {}
        self._known = {e.id for e in document.evidence} | {row.id for row in self.rows}
        self._known |= {f"G{n}" for n in range(1, len(document.gaps) + 1)}
        self._known |= {f"D{n}" for n in range(1, len(document.dropped) + 1)}

    def clean(self, text: str) -> str:
        """The text in plain words and without blame; what was marked is remembered."""
        text = shown(text)
        marks = blame_marks(text, self.systems, self.people)
        if not marks:
            return text
        self.marks += [mark for mark in marks if mark not in self.marks]
        return reword(text, self.systems, self.people)

    def say(self, text: str, *refs: str) -> Statement:
        """A claim. References that do not exist are left out; without any, the first line of
        the timeline stands for the record as a whole."""
        return Statement(self.clean(text[:1].upper() + text[1:]), tuple(self.cite(refs)) or ("T1",))

    def cite(self, refs: Iterable[str], most: int = MOST_REFS) -> list[str]:
        """The references that exist, at most so many; they are remembered as cited."""
        good = list(dict.fromkeys(ref for ref in refs if ref in self._known))[:most]
        self.cited.update(dict.fromkeys(good))
        return good

    def tool(self, name: str) -> str:
        """Id of the last evidence that a tool brought; empty: none."""
        return next((e.id for e in reversed(self.document.evidence) if e.tool == name), "")

    def line(self, kind: EventKind, contains: str = "") -> str:
        """Id of the first timeline row of a kind whose text contains this; empty: none."""
        found = (r.id for r in self.rows if kind in r.kinds and contains in r.event.text)
        return next(found, "")

    def _neutral(self, event: Event) -> Event:
        return event.model_copy(
            update={"text": self.clean(event.text), "actor": self.clean(event.actor)}
        )


def proof(quotes: Iterable[Quote]) -> list[str]:
    """Evidence ids of quotes, each once."""
    return list(dict.fromkeys(quote.evidence for quote in quotes))


def _systems(document: Incident) -> set[str]:
    names = {document.alert.service, *(s.name for s in document.services)}
    names |= {callee for s in document.services for callee in s.depends_on}
    names |= {h.service for h in document.hypotheses} | {f.service for f in document.findings}
    return {name for name in names if name}
