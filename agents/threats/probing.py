"""Somebody looks for weak spots: paths only scanners ask for, sources that are mostly refused,
attack tools by name, scripts that were not there before.
"""

import re
from collections.abc import Iterator

from ...incident.finding import Finding
from ...telemetry.signal_catalogue import SignalName
from ...tools.logs import search_logs
from ...tools.traffic import AccessPattern
from ..causes.access import covered
from ..causes.observations import finding
from .observations import AccessObservations, Threat, risen

PROBES = re.compile(
    r"/\.(?:env|git|svn|aws|ssh|htpasswd|DS_Store)\b|wp-(?:login|admin|content)|xmlrpc\.php|"
    r"phpmyadmin|/cgi-bin/|/actuator/|/server-status|/etc/passwd|\.\./|%2e%2e|"
    r"\$\{jndi:|union(?:\s|\+|%20)+select|<script|%3cscript|/vendor/phpunit|\.(?:bak|sql|php)\b",
    re.IGNORECASE,
)
TOOLS = re.compile(
    r"sqlmap|nikto|\bnmap\b|masscan|zgrab|hydra|gobuster|dirbuster|feroxbuster|nuclei|wpscan|"
    r"acunetix|nessus|openvas|burp(?:suite)?\b|metasploit|havij|arachni|slowloris",
    re.IGNORECASE,
)
SCRIPTS = re.compile(
    r"python-requests|python-urllib|aiohttp|httpx|\bcurl/|\bwget/|go-http-client|libwww|okhttp|"
    r"java/|scrapy|headless|phantomjs|postman|axios|node-fetch|powershell",
    re.IGNORECASE,
)
"""Also used by honest clients: only a sudden rise makes one worth a line."""
DISTINCT = 3
"""Different probes from which it is a scan: single ones are the background noise of the net."""
REFUSED, ENOUGH = 0.6, 30
"""A scanning source is refused this often, over at least this many requests."""


def probes(observations: AccessObservations) -> Iterator[Threat]:
    """Several paths that only a scanner asks for, more of them than before."""
    rows = [
        row for row in observations.asked_paths.rows if PROBES.search(row.value) and row.requests
    ]
    fresh = [row for row in rows if row.rate > 2 * row.rate_before]
    if len(fresh) < DISTINCT:
        yield from _in_logs(observations)
        return
    served = [row for row in fresh if row.errors < row.requests]
    findings = tuple(_probe(observations, row) for row in (served or fresh)[:DISTINCT])
    exposure = ""
    if served:
        exposure = (
            f"{len(served)} probed paths were answered without an error: check what they gave"
        )
    name = f"scan for weak spots: {len(fresh)} paths that only scanners ask for"
    yield Threat(name, 0.6, findings, exposure=exposure)


def _in_logs(observations: AccessObservations) -> Iterator[Threat]:
    """Single requests drown among the paths of a large site; access logs still show them."""
    lines = observations.ask(search_logs, pattern=PROBES.pattern, limit=50)
    asked = {found.group(0).lower() for r in lines.rows if (found := PROBES.search(r.message))}
    if len(asked) < DISTINCT:
        return
    text = f"log lines show {len(asked)} kinds of request that only scanners make"
    row = lines.rows[0]
    proof = finding("access", text, lines, row, "service", "message")
    yield Threat("scan for weak spots, seen in logs", 0.5, (proof,))


def refused_sources(observations: AccessObservations) -> Iterator[Threat]:
    """Sources that are mostly refused while everybody else is served."""
    if not _refusals_rose(observations):
        return
    attackers = [row.value for row in observations.attackers()]
    suspects = [row for row in observations.sources.rows if _refused(observations, row)]
    new = [row for row in suspects if not covered(row.value, attackers)]
    if not new:
        return
    findings = tuple(_source(observations, row) for row in new[:5])
    sources = tuple(row.value for row in new)
    yield Threat(f"{len(new)} sources that are mostly refused", 0.5, findings, sources)


def _refusals_rose(observations: AccessObservations) -> bool:
    names = (SignalName.not_found_share, SignalName.unauthorised_share, SignalName.throttled_rate)
    return any(row.signal in names and row.worse for row in observations.signals.rows)


def _refused(observations: AccessObservations, row: AccessPattern) -> bool:
    """Refused far more often than all others together, so that an outage for all is no sign."""
    own = row.error_share or 0.0
    if row.requests < ENOUGH or own < REFUSED:
        return False
    others = [other for other in observations.sources.rows if other is not row]
    requests = sum(other.requests for other in others)
    errors = sum(other.errors for other in others)
    return requests > 0 and own - errors / requests >= REFUSED / 2


def _probe(observations: AccessObservations, row: AccessPattern) -> Finding:
    text = f"{row.requests} requests for {row.value[:80]}, {row.errors} refused"
    return finding("access", text, observations.asked_paths, row, "value", "requests", "errors")


def _source(observations: AccessObservations, row: AccessPattern) -> Finding:
    text = f"{row.value} was refused {row.error_share:.0%} of {row.requests} requests"
    return finding("access", text, observations.sources, row, "value", "error_share", "requests")


def unusual_programs(observations: AccessObservations) -> Iterator[Threat]:
    """Attack tools at work, and scripts with a sudden, sizeable share of the requests."""
    for row in observations.programs.rows:
        if TOOLS.search(row.value) and row.requests >= 5:
            text = f"{row.value[:80]} is an attack tool: {row.requests} requests from it"
            yield _threat(observations, row, "attack tool at work", 0.7, text)
        elif SCRIPTS.search(row.value) and risen(row) and (row.share or 0) >= 0.1:
            text = (
                f"the script {row.value[:80]} sends {row.share:.0%} of the requests; "
                f"{row.requests_before} in the healthy window"
            )
            yield _threat(observations, row, "new script among the clients", 0.2, text)


def _threat(
    observations: AccessObservations, row: AccessPattern, name: str, sureness: float, text: str
) -> Threat:
    names = ("value", "requests", "share", "requests_before")
    return Threat(name, sureness, (finding("access", text, observations.programs, row, *names),))
