"""What step 12 asks for, as files that a team merges: Prometheus rules, a Grafana dashboard, an
OpenSLO objective, an experiment for the Chaos Toolkit. All in them comes from the record.
"""

import json
import re
from pathlib import Path
from typing import Any, cast

import yaml

from ..actions.capabilities import Waiting
from ..agents.follow_ups.monitoring import EXPRESSION
from ..agents.reporting.incident_status import affected, likely_cause
from ..errors import InputError
from ..incident.document import Incident
from ..incident.identity import Identity
from ..incident.report import FollowUp, MonitoringReport
from ..record import audit
from ..record.store import Store
from ..targets.pull_requests import Repository
from ..telemetry.promql import SeriesScope
from ..telemetry.recipes import Share
from ..telemetry.signal_catalogue import SignalName, definition
from .configuration_file import read_configuration
from .lifecycle import link

CONDITION = re.compile(r"(.+) [<>] (-?[\d.]+(?:e[+-]?\d+)?)")
GOLDEN = (SignalName.request_rate, SignalName.error_rate, SignalName.latency_p95)
MOST_SERVICES, USUAL_TARGET = 4, 0.99
DASHBOARD = """
{tags: [warroom], schemaVersion: 39, timezone: utc, time: {from: now-6h, to: now},
 templating: {list: [{name: datasource, type: datasource, query: prometheus}]}}"""
PANEL = "{type: timeseries, datasource: {type: prometheus, uid: '${datasource}'}}"
LIMIT = """
{overrides: [], defaults: {custom: {thresholdsStyle: {mode: line}},
 thresholds: {mode: absolute, steps: [{color: green, value: null}, {color: red}]}}}"""
OBJECTIVE = """
{apiVersion: openslo/v1, kind: SLO, spec: {timeWindow: [{duration: 30d, isRolling: true}],
 budgetingMethod: Occurrences}}"""
EXPERIMENT = """
{version: 1.0.0, tags: [warroom],
 configuration: {prometheus_url: {type: env, key: PROMETHEUS_URL, default: 'http://127.0.0.1:9090'}},
 method: [{type: action, name: it happens, provider: {type: process, path: ./rehearse.sh}}],
 rollbacks: [{type: action, name: it is taken back,
  provider: {type: process, path: ./rehearse.sh, arguments: [undo]}}]}"""
PROBE = """
{type: probe, tolerance: {type: jsonpath, path: '$.data.result[*]', count: 0, target: body},
 provider: {type: http, url: '${prometheus_url}/api/v1/query'}}"""
SCRIPT = """#!/bin/sh
# To be written: {what}; with the argument `undo`, take it back.
echo "rehearse.sh does nothing yet: write into it what is to happen" >&2
exit 1
"""


def improvements(document: Incident, folder: Path) -> list[Path]:
    """Write them; the document has no secrets any more. Raises InputError where step 12 has not
    run, asks for nothing, or the folder cannot be written."""
    report = document.report(MonitoringReport)
    if report is None or not report.follow_ups:
        raise InputError(f"{document.id}: no improvement is asked for; step 12 comes at the end")
    alerts = [_rule(document, item) for item in report.follow_ups if EXPRESSION in item.rationale]
    files: dict[str, Any] = {"dashboard.json": _dashboard(document, alerts)}
    if alerts:
        group = {"name": f"warroom {document.id}", "rules": alerts}
        files["prometheus-rules.yaml"] = {"groups": [group]}
    if places := _places(document):
        files["openslo.yaml"] = _objective(document, places[0])
    for item in (one for one in report.follow_ups if one.kind == "chaos"):
        files["chaos.json"] = _experiment(document, item, alerts)
        files["rehearse.sh"] = SCRIPT.format(what=" ".join(item.title.split()))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / name).write_text(_text(name, content), encoding="utf-8")
            (folder / name).chmod(0o755 if name.endswith(".sh") else 0o644)
    except OSError as error:
        raise InputError(f"{folder}: {error.strerror}; name another folder") from error
    return [folder / name for name in files]


def ask_for(store: Store, incident_id: str, files: list[Path], by: Identity) -> str:
    """Ask the repository that warroom.yaml names to merge them; where that waits. What waits
    already is not asked for anew. Raises InputError where none is named, ToolFailed."""
    access = read_configuration().improvements
    if access is None:
        raise InputError("no repository is known: write `improvements` into warroom.yaml")
    repository, title = Repository(access), f"Add what would have warned of {incident_id} earlier"
    request = repository.adding({f"warroom/{incident_id}/{one.name}": one for one in files}, title)
    said = request.model_dump(exclude={"diff"})
    with store.engine.begin() as connection:
        audit.add(connection, str(by), "ask for improvements", incident_id, said)
    done = repository.ask(request, Waiting(), request.head)
    if done.changed and done.asked:
        link(store, incident_id, done.asked.url, title, by)
    return done.note


def _text(name: str, content: Any) -> str:
    if name.endswith(".json"):
        return json.dumps(content, indent=1) + "\n"
    return content if isinstance(content, str) else yaml.safe_dump(content, sort_keys=False)


def _places(document: Incident) -> list[str]:
    """The guilty service, then who was hurt."""
    cause = likely_cause(document)
    found = [cause.service if cause else "", *affected(document)]
    return list(dict.fromkeys(filter(None, found)))[:MOST_SERVICES]


def _rule(document: Incident, item: FollowUp) -> dict[str, Any]:
    """Labels and annotations are templates to Prometheus: nothing in ours is one."""
    why, _, expression = item.rationale.partition(EXPRESSION)
    name = "".join(word.capitalize() for word in re.findall(r"[A-Za-z0-9]+", item.title))
    labels = {"severity": "critical" if item.priority == 1 else "warning", "team": item.owner}
    told = {"summary": item.title, "description": why, "incident": document.id}
    safe = ({k: v.replace("{{", "{ {") for k, v in each.items()} for each in (labels, told))
    rule = {"alert": name[:100], "expr": expression, "for": "1m"}
    return rule | dict(zip(("labels", "annotations"), safe, strict=True))


def _dashboard(document: Incident, alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """Each condition against its threshold, then the golden signals along the path."""
    shown = [(alert["annotations"]["summary"], alert["expr"]) for alert in alerts]
    for service in _places(document):
        known = map(definition, GOLDEN)
        shown += [(f"{one.called} of {service}", one.promql(service)) for one in known]
    panels = [_panel(number, *each) for number, each in enumerate(shown)]
    about = {"title": f"After {document.id}", "uid": document.id.lower()[:40]}
    return {**about, **yaml.safe_load(DASHBOARD), "panels": panels}


def _panel(number: int, title: str, expression: str) -> dict[str, Any]:
    found, panel = CONDITION.fullmatch(expression), yaml.safe_load(PANEL)
    panel |= {"id": number + 1, "title": title}
    panel["gridPos"] = {"h": 8, "w": 12, "x": 12 * (number % 2), "y": 8 * (number // 2)}
    panel["targets"] = [{"refId": "A", "expr": found[1] if found else expression}]
    if found:
        panel["fieldConfig"] = yaml.safe_load(LIMIT)
        panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"] = float(found[2])
    return panel


def _objective(document: Incident, service: str) -> dict[str, Any]:
    """Availability, as good as it was promised already."""
    recipe, scope = cast(Share, definition(SignalName.error_rate).recipe), SeriesScope(service)
    bad = scope.select(recipe.metric, recipe.match.matcher)
    counted = {"bad": bad, "total": scope.select(recipe.metric)}.items()
    asked = {n: {"metricSource": {"type": "Prometheus", "spec": {"query": q}}} for n, q in counted}
    promised = (one.objective for one in document.slo if one.service == service)
    name = re.sub(r"[^a-z0-9]+", "-", f"{service}-availability".lower()).strip("-")
    made = yaml.safe_load(OBJECTIVE) | {"metadata": {"name": name}}
    indicator = {"metadata": {"name": name}, "spec": {"ratioMetric": {"counter": True, **asked}}}
    made["spec"] |= {"service": service, "description": f"Asked for after {document.id}."}
    target = next(promised, USUAL_TARGET)
    made["spec"] |= {"indicator": indicator, "objectives": [{"target": target}]}
    return made


def _experiment(document: Incident, item: FollowUp, alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """Steady is where none of the new alerts would fire."""
    probes = [yaml.safe_load(PROBE) | {"name": alert["alert"]} for alert in alerts]
    for probe, alert in zip(probes, alerts, strict=True):
        probe["provider"]["arguments"] = {"query": alert["expr"]}
    why = f"{item.rationale} (asked for after {document.id})"
    told = {"title": item.title, "description": why, **yaml.safe_load(EXPERIMENT)}
    return {**told, "steady-state-hypothesis": {"title": item.rationale, "probes": probes}}
