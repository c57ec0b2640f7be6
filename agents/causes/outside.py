"""Causes that nobody deployed: expiry, broken media, names that do not resolve, bad records,
stolen credentials. Each is its own hypothesis, held against every change that could bring the same
about: who names a cause outside has to find that no diff explains what is seen. The words by which
each is told stand in its file of faults/.
"""

from collections.abc import Iterator

from ...analysis.code.mechanisms import Mechanism as M
from ...analysis.code.mechanisms import Mention
from ...analysis.code.tokens import plain
from ...faults import Sign, faults
from ...incident.finding import FaultKind
from .candidate import Candidate
from .delivery import delivery
from .observations import Observations, cite
from .studies import Scene, scene

SEEN, MORE, EXPLAINED = 3.0, 1.0, 4.0
"""Log-odds: the words are seen; something besides agrees; a change explains the same."""


def outside_causes(observations: Observations) -> Iterator[Candidate]:
    """Each cause whose words the incident's own errors use."""
    now = scene(observations)
    for fault in faults().values():
        for sign in fault.told_by:
            said = [s for s in now.symptoms if s.source != "metric" and sign.words.search(_text(s))]
            if said:
                yield _candidate(observations, now, FaultKind(fault.kind), sign, said)


def explained(
    observations: Observations, now: Scene, mechanisms: frozenset[M]
) -> tuple[float, str]:
    """How well a change explains these mechanisms (all, where none is given), 0..1; and which."""
    best, text = 0.0, ""
    for studied in now.changes.values():
        contact = studied.contact
        level = contact.of(mechanisms) if mechanisms else contact.by_mechanism
        if level > best:
            arrival = delivery(observations, now, studied)
            level *= 0.0 if arrival.late else 1.0 - arrival.doubt
            if level > best:
                best = level
                text = f"change {studied.id[:10]} explains it: {contact.mechanism[0].text}"
    return best, text


def _candidate(
    observations: Observations, now: Scene, kind: FaultKind, sign: Sign, said: list[Mention]
) -> Candidate:
    first = max(said, key=lambda s: (s.strength, now.affected.get(s.service, 0.0)))
    statement = sign.statement.format(service=first.service)
    candidate = Candidate(first.service, kind, statement)
    quotes = cite(observations.symptoms, observations.symptoms.rows[first.row], "service", "text")
    candidate.backed(SEEN, first.strength, f"it says: {first.text[:140]}", quotes)
    if sign.more:
        besides = next((s for s in now.symptoms if sign.more.search(_text(s))), None)
        if besides:
            proof = cite(observations.symptoms, observations.symptoms.rows[besides.row], "text")
            candidate.backed(MORE, besides.strength, f"and: {besides.text[:140]}", proof)
    level, text = explained(observations, now, frozenset(M[name] for name in sign.explained_by))
    candidate.doubted(EXPLAINED, level, text)
    return candidate


def _text(symptom: Mention) -> str:
    return plain(symptom.text)
