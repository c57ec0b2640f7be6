"""Causes that nobody deployed: expiry, broken media, names that do not resolve, bad records, stolen
credentials, a provider that fails. Each is its own hypothesis, held against every change that could
bring the same about: who names a cause outside has to find that no diff explains what is seen. The
words by which they are told stand in their files of faults/; a provider is told from the calls to
it and, where those are not recorded, from the errors of those who call it.
"""

import re
from collections.abc import Iterator

from ...analysis.code.mechanisms import Mechanism as M
from ...analysis.code.mechanisms import Mention
from ...analysis.code.tokens import plain
from ...faults import Sign, faults
from ...incident.finding import FaultKind
from ...tools.logs import LogPattern
from .access import doubt_attack
from .candidate import Candidate, words
from .observations import Observations, cite
from .said import beyond_chance, constant_text, said
from .studies import Scene, delivery, scene, symptom_quotes

SEEN, MORE, EXPLAINED = 3.0, 1.0, 4.0
"""Log-odds: the words are seen; something besides agrees; a change explains the same."""


def outside_causes(seen: Observations) -> Iterator[Candidate]:
    """Each cause whose words the incident's own errors use."""
    now = scene(seen)
    for fault in faults().values():
        for sign in fault.told_by:
            moved = [m for m in now.symptoms if m.source == "metric" and sign.metrics]
            shown = [m for m in moved if sign.metrics and sign.metrics.search(_text(m))]
            if lines := said(seen, now.symptoms, sign.words) or shown:
                yield _candidate(seen, now, FaultKind(fault.kind), sign, lines)


def explained(seen: Observations, now: Scene, mechanisms: frozenset[M]) -> tuple[float, str]:
    """How well a change explains these mechanisms (all, where none is given), 0..1; and which."""
    best, text = 0.0, ""
    for studied in now.changes.values():
        contact = studied.contact
        level = contact.of(mechanisms) if mechanisms else contact.by_mechanism
        if level > best:
            arrival = delivery(seen, now, studied)
            level *= 0.0 if arrival.late else 1.0 - arrival.doubt
            if level > best:
                best = level
                text = f"change {studied.id[:10]} explains it: {contact.mechanism[0].text}"
    return best, text


def _candidate(
    seen: Observations, now: Scene, kind: FaultKind, sign: Sign, lines: list[Mention]
) -> Candidate:
    first = max(lines, key=lambda s: (s.strength, now.affected.get(s.service, 0.0)))
    statement = sign.statement.format(service=first.service)
    candidate = Candidate(first.service, kind, statement)
    quotes = symptom_quotes(seen, first, "service", "text")
    candidate.backed(SEEN, first.strength, f"it says: {first.text[:140]}", quotes)
    if more := sign.more or sign.metrics:
        besides = next((s for s in now.symptoms if more.search(_text(s)) and s != first), None)
        if besides:
            proof = symptom_quotes(seen, besides, "text")
            candidate.backed(MORE, besides.strength, f"and: {besides.text[:140]}", proof)
    same = frozenset(M[name] for name in sign.explained_by)
    candidate.doubted(EXPLAINED, *explained(seen, now, same))
    if kind is FaultKind.credential_attack:
        doubt_attack(seen, candidate)
    return candidate


def _text(symptom: Mention) -> str:
    return plain(symptom.text if symptom.source == "metric" else constant_text(symptom.text))


def providers(seen: Observations) -> Iterator[Candidate]:
    """Calls to an external service fail that did not fail before."""
    outside = seen.of_kind("external")
    for edge in seen.edges.rows:
        rise = edge.error_rise
        if edge.callee not in outside or rise < 0.1:
            continue
        refusal = _refusal(seen, edge.callee)
        kind = FaultKind.provider_quota if refusal else FaultKind.provider_outage
        what = "refuses calls: its quota is used up" if refusal else "fails"
        statement = f"{edge.callee} {what}; {edge.caller} depends on it"
        candidate = Candidate(edge.callee, kind, statement, resource=edge.caller)
        text = f"{edge.error_share or 0:.0%} of the calls to it fail"
        quotes = cite(seen.edges, edge, "error_share", "callee")
        candidate.backed(3.5, rise / 0.5, text, quotes)
        if refusal:
            proof = cite(seen.patterns, refusal, "sample", "after")
            candidate.backed(1.5, 1.0, f"log: {refusal.sample[:100]}", proof)
        yield candidate


def _refusal(seen: Observations, provider: str) -> LogPattern | None:
    """A new or surging log line that names the provider and speaks of a quota."""
    for row in seen.patterns.rows:
        text = constant_text(row.sample)
        if row.kind != "vanished" and provider in row.sample and words().quota.search(text):
            return row
    return None


def failing_providers(seen: Observations) -> Iterator[Candidate]:
    """Each host outside that errors name, and that answers with failures."""
    now = scene(seen)
    by_host: dict[str, list[Mention]] = {}
    for symptom in now.symptoms:
        for host in _hosts(seen, symptom):
            by_host.setdefault(host, []).append(symptom)
    for host, lines in by_host.items():
        fails = any(words().fails.search(s.text.lower()) for s in lines)
        if fails and beyond_chance(seen, lines):
            yield _provider(seen, now, host, lines)


def _provider(seen: Observations, now: Scene, host: str, lines: list[Mention]) -> Candidate:
    first = max(lines, key=lambda s: s.strength)
    quota = any(words().quota.search(s.text) for s in lines)
    kind = FaultKind.provider_quota if quota else FaultKind.provider_outage
    what = "refuses calls: its quota is used up" if quota else "fails"
    statement = f"{host}, which {first.service} calls, {what}"
    candidate = Candidate(first.service, kind, statement, resource=host)
    quotes = symptom_quotes(seen, first, "service", "text")
    candidate.backed(3.0, first.strength, f"calls to it fail: {first.text[:140]}", quotes)
    metrics = (s for s in now.symptoms if s.source == "metric")
    metric = next((s for s in metrics if words().outside.search(_text(s))), None)
    if metric:
        proof = symptom_quotes(seen, metric, "text", "now", "before")
        candidate.backed(1.0, 1.0, f"{metric.text} of {metric.service} moved", proof)
    blames_us = any(words().ours.search(s.text.lower()) for s in lines)
    candidate.doubted(2.0, float(blames_us), "it says that the request is wrong")
    candidate.doubted(EXPLAINED, *failing_by_ours(seen))
    _status_page(seen, candidate, host)
    return candidate


def failing_by_ours(seen: Observations) -> tuple[float, str]:
    """How well a change of ours explains that calls to others fail, 0..1; and which."""
    ways = frozenset({M.timeout, M.address, M.tls, M.auth, M.storm})
    return explained(seen, scene(seen), ways)


def _status_page(seen: Observations, candidate: Candidate, host: str) -> None:
    """What the provider says itself: a hint that agrees, never the argument."""
    outside = seen.of_kind("external")
    parts = {part for part in re.split(r"[.-]", host) if len(part) > 3}
    told = (row for row in seen.symptoms.rows if row.service in outside)
    row = next((row for row in told if parts & set(plain(row.text).split())), None)
    if row is None:
        candidate.lacking("what the provider says about itself")
        return
    proof = cite(seen.symptoms, row, "text")
    candidate.backed(0.5, 1.0, "the provider reports a problem itself", proof)


def _hosts(seen: Observations, symptom: Mention) -> set[str]:
    """Hosts that are none of ours, by a service's name or by their domain."""
    found = {*words().host.findall(symptom.text), *words().peer.findall(symptom.text)}
    known = seen.case.catalogue.services
    ours = {s.name for s in known if s.listed and s.kind != "external"}
    return {
        host
        for host in found
        if not words().inside.search(host) and host not in ours and host.split(".")[0] not in ours
    }
