"""A party outside fails, told from the errors of those who call it: its host name, its answers."""

import re
from collections.abc import Iterator

from ...analysis.code.mechanisms import Mechanism as M
from ...analysis.code.mechanisms import Mention
from ...analysis.code.tokens import plain
from ...incident.finding import FaultKind
from .candidate import Candidate
from .observations import Observations, cite
from .outside import EXPLAINED, explained
from .studies import Scene, scene
from .third_party import QUOTA

HOST = re.compile(r"\b(?:https?|grpcs?|wss?|smtps?|ftps?)://([\w-]+(?:\.[\w-]+)+)", re.IGNORECASE)
PEER = re.compile(
    r"\b(?:upstream|peer|server|net\.peer|remote)[._](?:host|service|name|address)=([\w.-]+)"
)
INSIDE = re.compile(
    r"\.(?:internal|local|svc|cluster|lan|corp|intra|consul)\b|^localhost|^(?:10|127|192\.168)\."
)
FAILS = re.compile(
    r"\b5\d\d\b|unavailable|bad gateway|time ?d? ?out|deadline|refused|reset|failed|"
    r"overloaded|fails|"
    r"\b429\b|quota|too many requests"
)
OURS = re.compile(r"\b40[0134]\b|\b422\b|bad request|unauthori[sz]ed|forbidden|invalid")
"""Answers that blame the request: then it is ours that is wrong."""
OUTSIDE = re.compile(r"\bexternal|third party|\bprovider|\bpartner|\bvendor")


def failing_providers(observations: Observations) -> Iterator[Candidate]:
    """Each host outside that errors name, and that answers with failures."""
    now = scene(observations)
    by_host: dict[str, list[Mention]] = {}
    for symptom in now.symptoms:
        for host in _hosts(observations, symptom):
            by_host.setdefault(host, []).append(symptom)
    for host, said in by_host.items():
        if any(FAILS.search(s.text.lower()) for s in said):
            yield _candidate(observations, now, host, said)


def _candidate(observations: Observations, now: Scene, host: str, said: list[Mention]) -> Candidate:
    first = max(said, key=lambda s: s.strength)
    quota = any(QUOTA.search(s.text) for s in said)
    kind = FaultKind.provider_quota if quota else FaultKind.provider_outage
    what = "refuses calls: its quota is used up" if quota else "fails"
    statement = f"{host}, which {first.service} calls, {what}"
    candidate = Candidate(first.service, kind, statement, resource=host)
    quotes = cite(observations.symptoms, observations.symptoms.rows[first.row], "service", "text")
    candidate.backed(3.0, first.strength, f"calls to it fail: {first.text[:140]}", quotes)
    metric = next(
        (s for s in now.symptoms if s.source == "metric" and OUTSIDE.search(plain(s.text))), None
    )
    if metric:
        proof = cite(
            observations.symptoms, observations.symptoms.rows[metric.row], "text", "now", "before"
        )
        candidate.backed(1.0, 1.0, f"{metric.text} of {metric.service} moved", proof)
    blames_us = any(OURS.search(s.text.lower()) for s in said)
    candidate.doubted(2.0, float(blames_us), "it says that the request is wrong")
    level, why = explained(
        observations, now, frozenset({M.timeout, M.address, M.tls, M.auth, M.storm})
    )
    candidate.doubted(EXPLAINED, level, why)
    _status_page(observations, candidate, host)
    return candidate


def _status_page(observations: Observations, candidate: Candidate, host: str) -> None:
    """What the provider says itself: a hint that agrees, never the argument."""
    outside = {s.name for s in observations.case.catalogue.services if s.kind == "external"}
    row = next(
        (
            row
            for row in observations.symptoms.rows
            if row["service"] in outside and set(_parts(host)) & set(plain(row["text"]).split())
        ),
        None,
    )
    text = "the provider reports a problem itself" if row else ""
    candidate.backed(0.5, float(row is not None), text, cite(observations.symptoms, row, "text"))
    if row is None:
        candidate.lacking("what the provider says about itself")


def _hosts(observations: Observations, symptom: Mention) -> set[str]:
    """Hosts that are none of ours, by a service's name or by their domain."""
    found = {*HOST.findall(symptom.text), *PEER.findall(symptom.text)}
    ours = {s.name for s in observations.case.catalogue.services if s.kind != "external"}
    return {
        host
        for host in found
        if not INSIDE.search(host) and host not in ours and host.split(".")[0] not in ours
    }


def _parts(host: str) -> list[str]:
    return [part for part in re.split(r"[.-]", host) if len(part) > 3]
