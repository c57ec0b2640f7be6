"""The timeline that people read: key events, and on one line what one actor did in one second."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ...incident.document import Incident
from ...incident.timeline import Event, EventKind
from .wording import listed, shown

KEY = (
    *(EventKind.alert, EventKind.telemetry, EventKind.change, EventKind.severity),
    *(EventKind.state, EventKind.hypothesis, EventKind.proposal, EventKind.decision),
    *(EventKind.action, EventKind.verification, EventKind.message, EventKind.fallback),
)
"""Steps' reports and notes stay in the incident's record."""
TOGETHER_S = 1.0

_STATE = re.compile(r"^state: (\S+) — (.*)$")
_SENT = re.compile(r"^(M\d+) to (.+?) by .+?: (?:\[\S+\] \S+ )?(.*)$")


@dataclass(frozen=True)
class KeyEvent:
    """One line, and of which kinds it is."""

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
    return [_entry(group) for group in groups]


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


def _entry(group: list[Event]) -> KeyEvent:
    kinds = tuple(dict.fromkeys(event.kind for event in group))
    main = next((e for e in group if e.kind is not EventKind.state), group[0])
    texts = _states(group, alone=main.kind is EventKind.state)
    cited = dict.fromkeys(ref for event in group for ref in event.evidence)
    text = "; ".join(_distinct(_messages(texts)))
    update = {"text": shown(text), "evidence": list(cited), "at": group[0].at}
    return KeyEvent(
        main.model_copy(update=update), (main.kind, *(k for k in kinds if k != main.kind))
    )


def _states(group: list[Event], alone: bool) -> list[str]:
    """What was said; a change of state beside its own reason needs no reason, and comes last."""
    said = [event.text for event in group if event.kind is not EventKind.state]
    for event in group:
        if event.kind is EventKind.state:
            found = _STATE.match(event.text)
            plain = found is None or alone
            said.append(event.text if found is None or plain else f"now {found.group(1)}")
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


def _distinct(texts: Iterable[str]) -> list[str]:
    """Without those that another one begins with: it says the same and more."""
    known = list(dict.fromkeys(texts))
    return [t for t in known if not any(t != other and other.startswith(t) for other in known)]
