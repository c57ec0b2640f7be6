"""Causes that nobody deployed: expiry, broken media, names that do not resolve, bad records,
stolen credentials. Each is its own hypothesis, held against every change that could bring the same
about: who names a cause outside has to find that no diff explains what is seen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...analysis.code.mechanisms import Mechanism as M
from ...analysis.code.mechanisms import Symptom
from ...analysis.code.tokens import plain
from ...incident.finding import FaultKind
from .candidate import Candidate
from .delivery import delivery
from .observations import Observations, cite
from .studies import Scene, scene

SEEN, MORE, EXPLAINED = 3.0, 1.0, 4.0
"""Log-odds: the words are seen; something besides agrees; a change explains the same."""


@dataclass(frozen=True)
class Outside:
    """A cause outside of all changes: its words, what else agrees, what change would explain it."""

    kind: FaultKind
    statement: str
    words: re.Pattern[str]
    more: re.Pattern[str] | None
    explained_by: frozenset[M]


def _cause(kind: FaultKind, statement: str, words: str, more: str, *by: M) -> Outside:
    agrees = re.compile(more) if more else None
    return Outside(kind, statement, re.compile(words), agrees, frozenset(by))


CAUSES = (
    _cause(
        FaultKind.certificate,
        "a certificate has expired that {service} relies on",
        r"certificate (?:has |is )?(?:expired|not yet valid)|cert\w* has expired|not after date|"
        r"expired certificate",
        r"x ?509|\btls\b|\bssl\b|handshake",
        M.tls,
        M.address,
        M.config,
    ),
    _cause(
        FaultKind.disk_full,
        "a disk that {service} writes to is full",
        r"no space left|disk (?:is )?full|enospc|disk quota exceeded",
        r"disk (?:used|usage|free)|read only file|\binode",
        M.disk,
        M.volume,
        M.memory,
    ),
    _cause(
        FaultKind.node,
        "the storage or the node under {service} is broken",
        r"\bi o error|input output error|bad sector|medium error|hardware error|machine check|"
        r"node not ready|uncorrectable|kernel panic|instance (?:terminated|retired|preempted)",
        r"io errors|blk update|nvme|smart|\bnode\b",
        M.disk,
        M.volume,
        M.handles,
    ),
    _cause(
        FaultKind.node,
        "the clock of {service} or of its node is off",
        r"\bntp\b|clock (?:drift|offset|is \d+ s)|not synchroni[sz]ed|clock jumped",
        r"timex|clock|offset seconds",
        M.clock,
        M.auth,
    ),
    _cause(
        FaultKind.database,
        "the database under {service} goes away or changes its role",
        r"database system is (?:shutting down|starting up|in recovery)|administrator command|"
        r"read only transaction|not (?:the )?primary|not master|failover|crash recovery",
        r"replica|primary|standby|connections? (?:lost|closed)",
        M.pool,
        M.config,
        M.address,
        M.lock,
    ),
    _cause(
        FaultKind.network,
        "the network or the name service fails {service}",
        r"no such host|nxdomain|name resolution|network (?:is )?unreachable|no route to host|"
        r"packet loss|server misbehaving",
        r"\bdns\b|packets? (?:lost|dropped)|retransmi",
        M.address,
        M.config,
        M.tls,
    ),
    _cause(
        FaultKind.data_corruption,
        "records that make no sense arrive at {service}",
        r"malformed|corrupt|poison|out of range|not a number|checksum (?:mismatch|fail)|invalid "
        r"(?:record|message|row|value)|validation error|cannot be parsed",
        r"same (?:offset|record|message)|redeliver|will retry|\boffset ?=?\d|record id|producer|"
        r"\bdlq\b|dead letter",
        M.schema,
        M.data,
        M.units,
        M.encoding,
    ),
    _cause(
        FaultKind.credential_attack,
        "somebody tries credentials against {service}",
        r"failed login|login failed|invalid (?:credentials|password|user)|too many failed|"
        r"brute ?force|bad password",
        r"failed log ?ins?|login fail|from \d+ \d+ \d+ \d+",
        M.auth,
        M.clock,
        M.config,
    ),
)


def outside_causes(observations: Observations) -> Iterator[Candidate]:
    """Each cause whose words the incident's own errors use."""
    now = scene(observations)
    for cause in CAUSES:
        said = [s for s in now.symptoms if s.source != "metric" and cause.words.search(_text(s))]
        if said:
            yield _candidate(observations, now, cause, said)


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
    observations: Observations, now: Scene, cause: Outside, said: list[Symptom]
) -> Candidate:
    first = max(said, key=lambda s: (s.strength, now.affected.get(s.service, 0.0)))
    statement = cause.statement.format(service=first.service)
    candidate = Candidate(first.service, cause.kind, statement)
    quotes = cite(observations.symptoms, observations.symptoms.rows[first.row], "service", "text")
    candidate.backed(SEEN, first.strength, f"it says: {first.text[:140]}", quotes)
    if cause.more:
        besides = next((s for s in now.symptoms if cause.more.search(_text(s))), None)
        if besides:
            proof = cite(observations.symptoms, observations.symptoms.rows[besides.row], "text")
            candidate.backed(MORE, besides.strength, f"and: {besides.text[:140]}", proof)
    level, text = explained(observations, now, cause.explained_by)
    candidate.doubted(EXPLAINED, level, text)
    return candidate


def _text(symptom: Symptom) -> str:
    return plain(symptom.text)
