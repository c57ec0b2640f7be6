"""Where people open what was asked: Grafana's Explore where there is a Grafana, else the backend's
own page.

The host is the configuration's alone, whatever an alert or a row says; every other part is encoded.
"""

import json
import math
import re
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from ...incident.evidence import BackendQuery
from ..model import Window
from .datasource import Datasource
from .source import About, Asked, Backend

MOST = 4
"""Queries that are shown of one piece of evidence."""
LONGEST = 2000
"""Characters of a query that still makes an address which browsers and proxies take."""
EXPLORE = {
    "prometheus": ("prometheus", "expr", {"range": True}),
    "loki": ("loki", "expr", {"queryType": "range"}),
    "victorialogs": ("victoriametrics-logs-datasource", "expr", {}),
    "tempo": ("tempo", "query", {"queryType": "traceql"}),
    "jaeger": ("jaeger", "query", {}),
}
"""By our kind: Grafana's type of it, the field of its query that holds the text, what else it says
(https://grafana.com/docs/grafana/latest/explore/get-started-with-explore/)."""
PAGES = {
    "prometheus": (("graph",), "g0.expr", {"g0.tab": "0"}, "%Y-%m-%d %H:%M:%S"),
    "victorialogs": (("select", "vmui", ""), "query", {}, "%Y-%m-%dT%H:%M:%SZ"),
}
"""By our kind: the page of its own that shows a query, the parameter that holds the text, what else
it says, how a time is written. VictoriaMetrics' page reads the same parameters as Prometheus',
behind a #; both take a time for UTC, VictoriaLogs' one without a zone for the browser's."""
PROXIED = re.compile(r"(https?://.+)/api/datasources/proxy/uid/([\w-]{1,40})/?")
"""How a data source is reached through Grafana: its address, and what it calls it."""
API = re.compile(r"(?<=://)api\.(?=github\.com$)|/api/v3$")
"""By which the address of GitHub's API differs from that of its pages."""


def backend_queries(
    sources: Sequence[object], modalities: Collection[str], about: About
) -> list[BackendQuery]:
    """How to ask those sources that are backends of these modalities; the first few."""
    backends = [one for one in sources if isinstance(one, Backend)]
    grafana = people_look_in(sources)
    found = dict[tuple[str, str], BackendQuery]()
    for source, asked in (
        (one.source, asked)
        for one in backends
        if one.modality in modalities
        for asked in one.queries(about)
    ):
        link = link_of(source, asked, about.window, grafana)
        known = {"datasource": source.name, "language": asked.language, "query": asked.text}
        found.setdefault((source.name, asked.text), BackendQuery(**known, link=link))
    return list(found.values())[:MOST]


def people_look_in(sources: Sequence[object]) -> str:
    """The address of the Grafana among these sources; empty where there is none."""
    known = (one.source for one in sources if isinstance(one, Backend))
    return next((_people(one) for one in known if one.type == "grafana"), "")


def link_of(source: Datasource, asked: Asked, window: Window, grafana: str = "") -> str:
    """The address that opens a query; empty where the configuration knows none.

    Args:
        source: where it was asked.
        asked: the query.
        window: what the page shows.
        grafana: the address of the Grafana in which people look, unless the source names one.
    """
    through = PROXIED.fullmatch(source.url)
    grafana = source.jsonData.grafana or (through[1] if through else grafana)
    uid = source.jsonData.uid or (through[2] if through else source.name)
    if len(asked.text) > LONGEST:
        return ""
    if grafana and source.type in EXPLORE and asked.page[:1] != ("search",):
        return f"{_base(grafana)}/explore?{urlencode(_explore(source.type, uid, asked, window))}"
    people = "" if through and not source.jsonData.external_url else _people(source)
    page, params, behind = asked.page, dict(asked.params), ""
    if not page and source.type in PAGES:
        page, params = PAGES[source.type][0], _shown(source.type, asked.text, window)
        behind = f"#/?{urlencode(params)}"
    if not page or not people.startswith("http"):
        return ""
    path = "/".join(quote(part, safe="") for part in page)
    return f"{_base(people)}/{path}{f'?{urlencode(params)}' if params else ''}{behind}"


def _shown(kind: str, text: str, window: Window) -> Mapping[str, str]:
    """To the end of the minute: Prometheus' page cuts seconds off."""
    _page, name, more, written = PAGES[kind]
    end = math.ceil(window.end / 60) * 60
    until = datetime.fromtimestamp(end, UTC).strftime(written)
    span = {"g0.end_input": until, "g0.range_input": f"{end - window.start:.0f}s"}
    return {name: text, **more, **span}


def _explore(kind: str, uid: str, asked: Asked, window: Window) -> dict[str, str]:
    plugin, name, more = EXPLORE[kind]
    query = {"refId": "A", "datasource": {"type": plugin, "uid": uid}, name: asked.text, **more}
    span = {"from": f"{window.start * 1000:.0f}", "to": f"{window.end * 1000:.0f}"}
    pane = {"datasource": uid, "queries": [query], "range": span}
    return {"schemaVersion": "1", "panes": json.dumps({"a": pane}), "orgId": "1"}


def _people(source: Datasource) -> str:
    """Where people open it."""
    own = source.jsonData.external_url
    return own or (API.sub("", source.url.rstrip("/")) if source.type == "github" else source.url)


def _base(address: str) -> str:
    return quote(address.rstrip("/"), safe=":/[]@!$&'*+,;=%~")
