"""The record as people read it: key events on one timeline, what one actor did in one second on one
line; and claims in neutral words, each tied to evidence or to a line of that timeline.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from ...incident.document import Incident
from ...incident.evidence import Quote
from ...incident.timeline import Event, EventKind
from ...prompts.spoken import listed
from ...prompts.values import Trusted
from ...telemetry.model import Catalogue
from ...text_safety.blame_language import Mark, blame_marks, reword
from .wording import prose, shown

KEY = (
    *(EventKind.alert, EventKind.telemetry, EventKind.change, EventKind.severity),
    *(EventKind.state, EventKind.hypothesis, EventKind.proposal, EventKind.decision),
    *(EventKind.action, EventKind.verification, EventKind.message, EventKind.fallback),
    EventKind.person,
)
"""Steps' reports and notes stay in the incident's record."""
TOGETHER_S = 1.0

_STATE = re.compile(r"^state: (\S+) — (.*)$")
_SENT = re.compile(r"^(M\d+) to ([^:]+?)(?: by [^:]+)?: (?:\[\S+\] \S+ )?(.*)$")


@dataclass(frozen=True)
class KeyEvent:
    """One numbered line of the timeline, and of which kinds it is."""

    id: str
    event: Event
    kinds: tuple[EventKind, ...]


def chronicle(document: Incident) -> list[KeyEvent]:
    """Key events by time, opened by the alert itself."""
    groups: list[list[Event]] = []
    for event in _events(document):
        if event.kind in KEY:
            home = next((g for g in reversed(groups) if _together(g[0], event)), None)
            if home is None:
                groups.append([event])
            else:
                home.append(event)
    return [_entry(f"T{number}", group) for number, group in enumerate(groups, 1)]


def _events(document: Incident) -> list[Event]:
    alert = document.alert
    text = f"alert {alert.name} taken from {alert.source}"
    first = Event(at=document.opened_at, actor="warroom", kind=EventKind.alert, text=text)
    known = any(event.kind is EventKind.alert for event in document.timeline)
    events = list(document.timeline) if known else [first, *document.timeline]
    return sorted(events, key=lambda event: event.at)


def _together(first: Event, event: Event) -> bool:
    near = (event.at - first.at).total_seconds() <= TOGETHER_S
    return near and first.actor == event.actor and EventKind.alert not in (first.kind, event.kind)


def _entry(name: str, group: list[Event]) -> KeyEvent:
    kinds = tuple(dict.fromkeys(event.kind for event in group))
    main = next((e for e in group if e.kind is not EventKind.state), group[0])
    texts = _states(group, alone=main.kind is EventKind.state)
    cited = dict.fromkeys(ref for event in group for ref in event.evidence)
    told = list(dict.fromkeys(_messages(texts)))  # without what another one begins with
    text = "; ".join(t for t in told if not any(o != t and o.startswith(t) for o in told))
    update = {"text": shown(text), "evidence": list(cited), "at": group[0].at}
    event = main.model_copy(update=update)
    return KeyEvent(name, event, (main.kind, *(k for k in kinds if k != main.kind)))


def _states(group: list[Event], alone: bool) -> list[str]:
    """What was said; a change of state beside its own reason needs no reason, and comes last."""
    said = [event.text for event in group if event.kind is not EventKind.state]
    for event in group:
        if event.kind is EventKind.state:
            found = None if alone else _STATE.match(event.text)
            said.append(f"now {found.group(1)}" if found else event.text)
    return said


def _messages(texts: list[str]) -> list[str]:
    """Messages with the same subject as one: M1 to engineering and M2 to support."""
    told: dict[str, list[str]] = {}
    rest = []
    for text in texts:
        found = _SENT.match(text)
        if found:
            told.setdefault(found.group(3), []).append(f"{found.group(1)} to {found.group(2)}")
        else:
            rest.append(text)
    return rest + [f"sent {listed(whom)}: {subject}" for subject, whom in told.items()]


MOST_REFS = 4
"""References of one claim: more of them prove no more."""


@dataclass(frozen=True)
class Statement:
    """One sentence and what it rests on: evidence (E…), timeline rows (T…), gaps (G…), dropped
    claims (D…)."""

    text: str
    refs: tuple[str, ...]


class Narrator:
    """Turns the record into claims. Blaming sentences are reworded, and listed as marks."""

    def __init__(
        self,
        document: Incident,
        people: Iterable[str] = (),
        catalogue: Catalogue | None = None,
        language: str = "en",
    ) -> None:
        self.document, self.catalogue, self.language = document, catalogue, language
        self.people = sorted(set(people))
        known = catalogue.services if catalogue else []
        self.systems = sorted({*_systems(document), *(service.name for service in known)})
        self.marks: list[Mark] = []
        self.rows = [
            replace(entry, event=self._neutral(entry.event)) for entry in chronicle(document)
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

    def write(self, line: str, *refs: str) -> Statement:
        """The same of a sentence that is Markdown already, in a reader's words."""
        return Statement(Trusted(self.clean(prose(line))), tuple(self.cite(refs)) or ("T1",))

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
