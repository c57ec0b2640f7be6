"""Grafana: annotations as changes, and the list of the data sources behind it.

Its HTTP API: https://grafana.com/docs/grafana/latest/developers/http_api/ (annotations, data
sources); a viewer's token may ask all of it, the list needs `datasources:read`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import TelemetryError
from ..model import Change, Window
from ..records import KINDS
from .changes import Changes, Say
from .datasource import Datasource
from .http import HttpApi
from .otlp import number, objects, text
from .source import Source

MOST = 1000
"""Annotations of one ask: the newest."""
FACT = re.compile(r"(?is)(service|app|component|version|release)\s*[:=]\s*(\S.*)")
WORDS = {word for words in KINDS.values() for word in words.split()}
PLUGINS = {
    "prometheus": "prometheus",
    "grafana-amazonprometheus-datasource": "prometheus",
    "victoriametrics-metrics-datasource": "prometheus",
    "loki": "loki",
    "victoriametrics-logs-datasource": "victorialogs",
    "tempo": "tempo",
    "jaeger": "jaeger",
    "alertmanager": "alertmanager",
}
"""Our kind of a data source by Grafana's."""


class Annotations(Changes):
    """What people and pipelines wrote on the time axis, where a tag says that it is a change."""

    def __init__(self, source: Datasource, api: HttpApi) -> None:
        super().__init__(source)
        self.api = api

    def changes(self, window: Window, known: frozenset[str], say: Say) -> Iterator[Change]:
        """Notes with a tag such as deploy, flag or config; one that has none is only counted."""
        asked = {"from": int(window.start * 1000), "to": int(window.end * 1000), "limit": MOST}
        found = self.api.json("api", "annotations", params=asked | {"type": "annotation"})
        if not isinstance(found, list):
            raise TelemetryError("answered something that is no list of annotations")
        rows = [row for one in objects(found) if (row := self._row(one))]
        if len(found) == MOST:
            say(f"annotations before the newest {MOST} of {self.name} were left out")
        if others := len(found) - len(rows):
            say(f"{others} annotations of {self.name} have no tag that names a kind of change")
        yield from rows

    def _row(self, note: dict[str, Any]) -> Change | None:
        listed = note.get("tags")
        tags = [str(tag) for tag in listed] if isinstance(listed, list) else []
        kind = next((tag for tag in tags if WORDS & set(re.split(r"[^a-z]+", tag.lower()))), None)
        at = number(note.get("time"))
        if kind is None or at is None:
            return None
        told = (FACT.fullmatch(tag) for tag in tags)
        facts = {one[1].lower(): one[2] for one in told if one}
        service = facts.get("service") or facts.get("app") or facts.get("component")
        version = facts.get("version") or facts.get("release") or ""
        told = version, "", text(note, "userName") or text(note, "login"), text(note, "text")
        whose = service or self.source.jsonData.service
        return Change(at / 1000, kind, whose, f"annotation-{note.get('id')}", *told)


@dataclass(frozen=True)
class Listed:
    """One data source that Grafana knows."""

    name: str
    plugin: str
    """Its type in Grafana's words."""
    kind: str
    """Ours; empty: none reads it."""
    url: str
    """Where it is reached through Grafana, with the same token."""


def listed(source: Datasource) -> list[Listed]:
    """The data sources behind one Grafana. Raises TelemetryError where it does not tell."""
    api = HttpApi(source)
    found = api.json("api", "datasources", params={})
    if not isinstance(found, list):
        raise TelemetryError("answered something that is no list of data sources")
    proxy = f"{api.root}/api/datasources/proxy/uid"
    told = [one for one in objects(found) if re.fullmatch(r"[\w-]{1,40}", text(one, "uid"))]
    return [
        Listed(text(one, "name"), plugin, PLUGINS.get(plugin, ""), f"{proxy}/{one['uid']}")
        for one in told
        for plugin in [text(one, "type")]
    ]


def open_grafana(source: Datasource) -> Sequence[Source]:
    """Its annotations."""
    return [Annotations(source, HttpApi(source))]
