"""What a program itself says, as far as it may tell a cause: its constant text, beyond chance.

Whoever sends a request chooses names, paths, headers and payloads; lines quote them. A cause told
by words that a stranger can write is a stranger's cause, and one told by a line that comes every
few minutes anyway is chance. So variable parts are masked before words are matched, and the lines
that use the words are counted against their past.
"""

import re
from collections.abc import Sequence

from ...analysis.code.mechanisms import Mention
from ...analysis.code.tokens import plain
from ...analysis.rates import rate_change
from ...text_safety.injection import speaks
from ...tools.logins import LOGIN_WORDS
from .candidate import words
from .observations import Observations

UNLIKELY = -2.0
"""log10 of the chance below which lines come more often than before: one in a hundred."""
UNDATED = 3
"""Lines that are enough where there is no past to count."""
SHORTEST = 3
"""Characters of a value that is masked wherever the message repeats it."""

_FACTS = re.compile(r" \[((?:[\w.-]+=).*)\]$", re.DOTALL)
"""The attributes that a symptom shows behind its message."""
_FACT = re.compile(r"(?:^| )([A-Za-z][\w.-]*)=")
_QUOTED = re.compile(r"(?<![\w])(?:\"[^\"\n]*\"|'[^'\n]*'|`[^`\n]*`)")
_PATH = re.compile(r"\b\w+://\S+|(?<![\w.<])/[\w./{}%~:?&=+-]*")
_LOGIN = re.compile(rf"\b{LOGIN_WORDS}\b", re.IGNORECASE)
_WHO = re.compile(r"\b(for|from|by|as|user|account)\s+(?:user\s+|account\s+)?[^:;,\n]+")


def sender_masked(text: str) -> str:
    """A symptom's text without what whoever sends requests wrote: values of attributes that are
    theirs, wherever they stand. Empty for a text that addresses its reader: no program does."""
    if speaks(text):
        return ""
    message, facts = _parts(text)
    theirs = [value for key, value in facts if words().chosen.search(key)]
    for value in sorted(theirs, key=len, reverse=True):
        if len(value) >= SHORTEST:
            message = message.replace(value, "<value>")
    ours = [f"{key}={value}" for key, value in facts if not words().chosen.search(key)]
    return f"{message} [{' '.join(ours)}]" if ours else message


def constant_text(text: str) -> str:
    """The message of a symptom or log line with its variable parts masked: what the sender wrote,
    quoted text, addresses, paths, and in lines about logins whoever logs in."""
    message, _ = _parts(sender_masked(text))
    message = _PATH.sub("<path>", _QUOTED.sub("<quoted>", message))
    return _WHO.sub(r"\1 <value>", message) if _LOGIN.search(message) else message


def said(seen: Observations, found: Sequence[Mention], pattern: re.Pattern[str]) -> list[Mention]:
    """The mentions whose constant text has the words, where those beat their past; else none."""
    telling = [
        m for m in found if m.source != "metric" and pattern.search(plain(constant_text(m.text)))
    ]
    return telling if telling and beyond_chance(seen, telling, pattern) else []


def beyond_chance(
    seen: Observations, found: Sequence[Mention], pattern: re.Pattern[str] | None = None
) -> bool:
    """Whether what is said, or all lines of the pattern, came more often than before.

    Counted twice, since an alert may come long after it began: against the first half of the
    healthy window, and the incident against all of it. Where only spans say it, failing requests
    count.
    """
    healthy, incident = seen.case.frame.baseline.seconds, seen.case.frame.incident.seconds
    half = healthy / 2
    early = [seen.symptoms.rows[m.row] for m in found if m.source == "log"]
    told = pattern.search if pattern else lambda _text: False
    late = [r for r in seen.patterns.rows if told(plain(constant_text(r.sample)))]
    services = {m.service for m in found if m.source != "log"}
    failing = [] if early else [r for r in seen.failures.rows if r.service in services]
    return any(
        (
            _risen([(r.before, r.now) for r in early], half, half + incident),
            _risen([(r.before, r.after) for r in late], healthy, incident),
            _risen([(r.before, r.count) for r in failing], healthy, incident),
        )
    )


def _risen(
    counts: Sequence[tuple[float | None, float | None]], before_s: float, after_s: float
) -> bool:
    """Whether all together came more often than before beyond chance."""
    before, after = (round(sum(pair[at] or 0.0 for pair in counts)) for at in (0, 1))
    if min(before_s, after_s) <= 0:
        return after >= UNDATED
    change = rate_change(before, after, before_s, after_s)
    return change.direction > 0 and change.log10_p <= UNLIKELY


def _parts(text: str) -> tuple[str, list[tuple[str, str]]]:
    """The message of a symptom, and its attributes as they are shown behind it."""
    facts = _FACTS.search(text)
    if facts is None:
        return text, []
    shown, places = facts.group(1), list(_FACT.finditer(facts.group(1)))
    ends = [place.start() for place in places[1:]] + [len(shown)]
    pairs = zip(places, ends, strict=True)
    return text[: facts.start()], [(at.group(1), shown[at.end() : end]) for at, end in pairs]
