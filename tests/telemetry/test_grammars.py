"""Every query that we emit, as the projects' own grammars read it: Prometheus' and Grafana's, which
are packages of npm."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from warroom.telemetry.model import Window, Windows
from warroom.telemetry.promql import SeriesScope
from warroom.telemetry.rules import default_rules, prometheus_rules
from warroom.telemetry.signal_catalogue import CATALOGUE
from warroom.telemetry.sources.cells import METRICS, Calls
from warroom.telemetry.sources.computed import native
from warroom.telemetry.sources.conventions import CONVENTIONS, NAME
from warroom.telemetry.sources.datasource import Datasource, SourceLabels
from warroom.telemetry.sources.logs import Whose
from warroom.telemetry.sources.loki import Loki, counting
from warroom.telemetry.sources.source import EVERYTHING, Scope
from warroom.telemetry.sources.tempo import trace_ql
from warroom.telemetry.sources.traces import Question, Sort

GRAMMARS = {
    "promql": "@prometheus-io/lezer-promql@0.315.0",
    "logql": "@grafana/lezer-logql@0.3.0",
    "traceql": "@grafana/lezer-traceql@1.0.0",
}
BESIDE = ("@lezer/lr@1.4.12", "@lezer/common@1.5.5", "@lezer/highlight@1.2.5")
CHECK = """
import { readFileSync } from "node:fs";
const asked = JSON.parse(readFileSync(0, "utf8"));
const wrong = [];
for (const [language, name] of Object.entries(asked.grammars)) {
  const { parser } = await import(name);
  for (const query of asked.queries[language]) {
    let bad = false;
    parser.parse(query).iterate({ enter: (node) => { bad ||= node.type.isError; } });
    if (bad) wrong.push([language, query]);
  }
}
console.log(JSON.stringify(wrong));
"""
NAMES = (
    "cart",
    'a"}) or up{x="',
    "back\\slash",
    "two\nlines",
    "a.b*c|d",
    "über-💥",
    "{{x}}",
    "`tick`",
)
"""Of services, as an attacker may call them too."""
SCOPES = [EVERYTHING, *(Scope(frozenset([name])) for name in NAMES), Scope(frozenset(NAMES))]
USUAL = SourceLabels()
WHOSE = [whose for known in CONVENTIONS for whose in known.whose(USUAL)]
WINDOW = Window(1_700_000_000.0, 1_700_000_600.0)


def promql() -> Iterator[str]:
    for name in ("", *NAMES):
        scope = SeriesScope(name)
        yield from (known.recipe.promql(scope) for known in CATALOGUE.values())
    rules = prometheus_rules(default_rules(Windows()))
    yield from (alert["expr"] for alert in rules["groups"][0]["rules"])
    for scope in SCOPES:
        for convention in CONVENTIONS:
            for whose in convention.whose(USUAL):
                selector = convention.selector(convention.named, whose, scope)
                yield from (selector, f"{selector}[60001ms]")
    for known in CONVENTIONS:
        there = [{NAME: name, whose.label: "cart"} for name in known.native for whose in WHOSE]
        yield from (one.query for one in native(there, EVERYTHING, USUAL, "60000ms"))
    calls = Calls(Datasource(name="prom", type="prometheus", url="http://127.0.0.1:1"))
    calls.there = METRICS
    for services in ((), *((name,) for name in NAMES), NAMES):
        yield from calls.texts(services)


def logql() -> Iterator[str]:
    loki = Loki(Datasource(name="loki", type="loki", url="http://127.0.0.1:1"))
    for names in ((), *((name,) for name in NAMES), NAMES):
        whose = Whose("service_name", names)
        for query in (loki.select(whose), *loki.kinds(whose).values()):
            yield from (query, counting(query, WINDOW))


def traceql() -> Iterator[str]:
    """Without a line's end in a name: Tempo reads it as Go does, the grammar does not."""
    for name in ("", *(name for name in NAMES if "\n" not in name)):
        yield from (
            trace_ql(Question(name, WINDOW, sort=sort, slow_ms=250.0)) for sort in get_args(Sort)
        )


@pytest.fixture(scope="module")
def grammars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grammars")
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder)]
    subprocess.run([*install, *GRAMMARS.values(), *BESIDE], check=True, timeout=300)
    (folder / "check.mjs").write_text(CHECK)
    return folder


def refused(grammars: Path, queries: dict[str, list[str]]) -> list[list[str]]:
    """The queries that a grammar does not read, with their language."""
    names = {language: package.rpartition("@")[0] for language, package in GRAMMARS.items()}
    asked = json.dumps({"grammars": names, "queries": queries})
    command = ["node", str(grammars / "check.mjs")]
    done = subprocess.run(command, input=asked, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not shutil.which("npm"), reason="npm is not on PATH"),
]


def test_the_projects_own_grammars_read_every_query(grammars):
    queries = {"promql": [*promql()], "logql": [*logql()], "traceql": [*traceql()]}
    assert all(len(found) > 20 for found in queries.values())
    assert refused(grammars, queries) == []


def test_they_refuse_what_is_not_closed(grammars):
    open_ended = {language: ['{service="cart"'] for language in GRAMMARS}
    assert [language for language, _ in refused(grammars, open_ended)] == [*GRAMMARS]
