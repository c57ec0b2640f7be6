"""Claims of a postmortem: each in neutral words, each tied to evidence or to the timeline."""

from collections.abc import Iterable
from dataclasses import dataclass

from ..incident.blame import Mark, blame_marks
from ..incident.document import Incident
from ..incident.evidence import Quote
from ..incident.reword import reword
from ..incident.timeline import Event, EventKind
from ..telemetry.model import Catalogue


@dataclass(frozen=True)
class Claim:
    """One sentence and what it rests on: evidence (E…), timeline rows (T…), gaps (G…), dropped
    claims (D…)."""

    text: str
    refs: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One numbered line of the timeline."""

    id: str
    event: Event


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
        self.rows = [Row(f"T{n}", self._neutral(e)) for n, e in enumerate(_events(document), 1)]
        self._known = {e.id for e in document.evidence} | {row.id for row in self.rows}
        self._known |= {f"G{n}" for n in range(1, len(document.gaps) + 1)}
        self._known |= {f"D{n}" for n in range(1, len(document.dropped) + 1)}

    def clean(self, text: str) -> str:
        """The text without blame; what was marked is remembered."""
        marks = blame_marks(text, self.systems, self.people)
        if not marks:
            return text
        self.marks += [mark for mark in marks if mark not in self.marks]
        return reword(text, self.systems, self.people)

    def say(self, text: str, *refs: str) -> Claim:
        """A claim. References that do not exist are left out; without any, the first line of
        the timeline stands for the record as a whole."""
        good = tuple(dict.fromkeys(ref for ref in refs if ref in self._known))
        return Claim(self.clean(text[:1].upper() + text[1:]), good or ("T1",))

    def step(self, number: int) -> str:
        """Id of the last timeline row in which a step handed in its report; empty: none."""
        begin = f"step {number}:"
        found = [row.id for row in self.rows if row.event.text.startswith(begin)]
        return found[-1] if found else ""

    def line(self, kind: EventKind, contains: str = "") -> str:
        """Id of the first timeline row of a kind whose text contains this; empty: none."""
        found = (r.id for r in self.rows if r.event.kind is kind and contains in r.event.text)
        return next(found, "")

    def _neutral(self, event: Event) -> Event:
        return event.model_copy(
            update={"text": self.clean(event.text), "actor": self.clean(event.actor)}
        )


def proof(quotes: Iterable[Quote]) -> list[str]:
    """Evidence ids of quotes, each once."""
    return list(dict.fromkeys(quote.evidence for quote in quotes))


def _events(document: Incident) -> list[Event]:
    """The timeline by time, opened by the alert itself."""
    alert = document.alert
    text = f"alert {alert.name} taken from {alert.source}"
    first = Event(at=document.opened_at, actor="warroom", kind=EventKind.alert, text=text)
    known = any(event.kind is EventKind.alert for event in document.timeline)
    events = list(document.timeline) if known else [first, *document.timeline]
    return sorted(events, key=lambda event: event.at)


def _systems(document: Incident) -> set[str]:
    names = {document.alert.service, *(s.name for s in document.services)}
    names |= {callee for s in document.services for callee in s.depends_on}
    names |= {h.service for h in document.hypotheses} | {f.service for f in document.findings}
    return {name for name in names if name}
