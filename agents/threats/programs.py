"""Programs that send requests: attack tools by name, and scripts that were not there before."""

import re
from collections.abc import Iterator

from ...incident.finding import Finding
from ...tools.base import Row
from ..causes.observations import cite
from .observations import AccessObservations, risen
from .threat import Threat

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


def unusual(observations: AccessObservations) -> Iterator[Threat]:
    """Attack tools at work, and scripts with a sudden, sizeable share of the requests."""
    for row in observations.programs.rows:
        if TOOLS.search(row["value"]) and row["requests"] >= 5:
            text = f"{row['value'][:80]} is an attack tool: {row['requests']} requests from it"
            yield _threat(observations, row, "attack tool at work", 0.7, text)
        elif SCRIPTS.search(row["value"]) and risen(row) and (row["share"] or 0) >= 0.1:
            text = (
                f"the script {row['value'][:80]} sends {row['share']:.0%} of the requests; "
                f"{row['requests_before']} in the healthy window"
            )
            yield _threat(observations, row, "new script among the clients", 0.2, text)


def _threat(
    observations: AccessObservations, row: Row, name: str, sureness: float, text: str
) -> Threat:
    quotes = cite(observations.programs, row, "value", "requests", "share", "requests_before")
    return Threat(name, sureness, (Finding(statement=text, kind="access", quotes=quotes),))
