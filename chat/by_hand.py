"""What `/warroom` changes of an incident: the acts and roles of pages and of HTTP, in words."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..app.by_hand import BY_PATH, Act, Form
from ..app.decisions import resume
from ..app.record import masked_content
from ..incident.identity import Identity
from ..incident.people import Duty
from ..incident.severity import parse_severity
from ..record.lists import alerts
from ..record.store import Store

MOST = 40
"""Alerts that are listed, the oldest first."""


class Command(NamedTuple):
    """An act, and what of it each word says in turn; the last takes the rest."""

    act: Act
    words: Sequence[str]

    def read(self, text: str, by: Identity) -> Form:
        """Raises InputError with what is missing."""
        duty = next((one for one in Duty if text.casefold().startswith(one.value)), "")
        if "duty" in self.words and duty:
            return self.act.read({"duty": duty, "whom": text[len(duty) :].strip() or by.name})
        parts = text.split(maxsplit=len(self.words) - 1)
        told: dict[str, object] = dict(zip(self.words, parts, strict=False))
        if "severity" in told:
            told["severity"] = parse_severity(parts[0]) or parts[0]
        if "alerts" in self.words:
            told["alerts"] = text.split()
        return self.act.read(told)


COMMANDS: Mapping[str, Command] = {
    "severity": Command(BY_PATH["severity"], ("severity", "reason")),
    "assign": Command(BY_PATH["duties"], ("duty", "whom")),
    "note": Command(BY_PATH["notes"], ("text",)),
    "link": Command(BY_PATH["links"], ("url", "title")),
    "support": Command(BY_PATH["support"], ("contacts",)),
    "relate": Command(BY_PATH["related"], ("other", "reason")),
    "merge": Command(BY_PATH["merge"], ("into", "reason")),
    "split": Command(BY_PATH["split"], ("alerts",)),
    **{name: Command(BY_PATH[name], ("reason",)) for name in ("resolve", "reopen", "close")},
}


def listed(store: Store, incident: str) -> str:
    """Its alerts by their numbers, as `split` takes them."""
    found = alerts(store.engine, limit=MOST, incident=incident).items
    told = [f"{a.id} {a.alert.service or '-'}: {a.alert.name} ({a.alert.status})" for a in found]
    return "\n".join(masked_content(told)) or "It has no alert."


def resumed(store: Store, incident: str, by: Identity) -> str:
    """Have it looked at now. Raises InputError."""
    resume(store, incident, by)
    return f"{incident} is looked at now."
