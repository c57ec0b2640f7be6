"""Grafana: the list of the data sources behind it. Its annotations are a row of feeds.yaml.

Its HTTP API: https://grafana.com/docs/grafana/latest/developers/http_api/data_source/; a token
needs `datasources:read`.
"""

import re
from dataclasses import dataclass

from ...errors import TelemetryError
from .datasource import Datasource
from .http import HttpApi
from .otlp import objects, text

PLUGINS = {
    "prometheus": "prometheus",
    "grafana-amazonprometheus-datasource": "prometheus",
    "victoriametrics-metrics-datasource": "prometheus",
    "loki": "loki",
    "victoriametrics-logs-datasource": "victorialogs",
    "tempo": "tempo",
    "jaeger": "jaeger",
}
"""Our kind of a data source by Grafana's."""


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
