"""Somebody looks for weak spots: paths only scanners ask for, sources that are mostly refused."""

import re
from collections.abc import Iterator

from ...incident.finding import Finding
from ...tools.base import Row
from ..clues import cite
from .clues import AccessClues
from .networks import within
from .threat import Threat

PROBES = re.compile(
    r"/\.(?:env|git|svn|aws|ssh|htpasswd|DS_Store)\b|wp-(?:login|admin|content)|xmlrpc\.php|"
    r"phpmyadmin|/cgi-bin/|/actuator/|/server-status|/etc/passwd|\.\./|%2e%2e|"
    r"\$\{jndi:|union(?:\s|\+|%20)+select|<script|%3cscript|/vendor/phpunit|\.(?:bak|sql|php)\b",
    re.IGNORECASE,
)
DISTINCT = 3
"""Different probes from which it is a scan: single ones are the background noise of the net."""
REFUSED, ENOUGH = 0.6, 30
"""A scanning source is refused this often, over at least this many requests."""


def probes(clues: AccessClues) -> Iterator[Threat]:
    """Several paths that only a scanner asks for, more of them than before."""
    rows = [row for row in clues.paths.rows if PROBES.search(row["value"]) and row["requests"]]
    fresh = [row for row in rows if (row["rate"] or 0) > 2 * (row["rate_before"] or 0)]
    if len(fresh) < DISTINCT:
        yield from _in_logs(clues)
        return
    served = [row for row in fresh if (row["errors"] or 0) < row["requests"]]
    findings = tuple(_probe(clues, row) for row in (served or fresh)[:DISTINCT])
    exposure = ""
    if served:
        exposure = (
            f"{len(served)} probed paths were answered without an error: check what they gave"
        )
    name = f"scan for weak spots: {len(fresh)} paths that only scanners ask for"
    yield Threat(name, 0.6, findings, exposure=exposure)


def _in_logs(clues: AccessClues) -> Iterator[Threat]:
    """Single requests drown among the paths of a large site; access logs still show them."""
    lines = clues.ask("search_logs", pattern=PROBES.pattern, limit=50)
    asked = {found.group(0).lower() for r in lines.rows if (found := PROBES.search(r["message"]))}
    if len(asked) < DISTINCT:
        return
    text = f"log lines show {len(asked)} kinds of request that only scanners make"
    row = lines.rows[0]
    quotes = cite(lines, row, "service", "message")
    finding = Finding(statement=text, service=row["service"], kind="access", quotes=quotes)
    yield Threat("scan for weak spots, seen in logs", 0.5, (finding,))


def refused_sources(clues: AccessClues) -> Iterator[Threat]:
    """Sources that are mostly refused while everybody else is served."""
    if not _refusals_rose(clues):
        return
    attackers = [row["value"] for row in clues.attackers()]
    suspects = [row for row in clues.sources.rows if _refused(clues, row)]
    new = [row for row in suspects if not any(within(row["value"], a) for a in attackers)]
    if not new:
        return
    findings = tuple(_source(clues, row) for row in new[:5])
    sources = tuple(row["value"] for row in new)
    yield Threat(f"{len(new)} sources that are mostly refused", 0.5, findings, sources)


def _refusals_rose(clues: AccessClues) -> bool:
    names = ("not_found_share", "unauthorised_share", "throttled_rate")
    return any(row["signal"] in names and row["worse"] for row in clues.signals.rows)


def _refused(clues: AccessClues, row: Row) -> bool:
    """Refused far more often than all others together, so that an outage for all is no sign."""
    if row["requests"] < ENOUGH or (row["error_share"] or 0) < REFUSED:
        return False
    others = [other for other in clues.sources.rows if other is not row]
    requests = sum(other["requests"] for other in others)
    errors = sum(other["errors"] or 0 for other in others)
    return requests > 0 and row["error_share"] - errors / requests >= REFUSED / 2


def _probe(clues: AccessClues, row: Row) -> Finding:
    text = f"{row['requests']} requests for {row['value'][:80]}, {row['errors'] or 0} refused"
    quotes = cite(clues.paths, row, "value", "requests", "errors")
    return Finding(statement=text, kind="access", quotes=quotes)


def _source(clues: AccessClues, row: Row) -> Finding:
    text = f"{row['value']} was refused {row['error_share']:.0%} of {row['requests']} requests"
    quotes = cite(clues.sources, row, "value", "error_share", "requests")
    return Finding(statement=text, kind="access", quotes=quotes)
