"""Files of step 12, each read by what is to take it: promtool, our reader of OpenSLO, Grafana's and
the Chaos Toolkit's keys."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from promql_parser import parse
from sqlalchemy import select

from warroom.agents.follow_ups.monitoring import monitoring_report
from warroom.app.improvements import improvements
from warroom.errors import InputError
from warroom.incident.document import Incident
from warroom.incident.finding import FaultKind
from warroom.incident.report import FollowUp
from warroom.record.tables import AUDIT
from warroom.targets.git import Git
from warroom.telemetry.catalogue.files import read_declared
from warroom.tests.support.consoles import CommandLine, kept
from warroom.tests.support.forges import forge
from warroom.tests.support.incident_parts import at
from warroom.tests.support.incidents import full


def learned(kind: FaultKind = FaultKind.bad_deploy) -> Incident:
    document = full(kind)
    document.reports.append(monitoring_report(document, at(200)))
    return document


def test_every_kind_of_fault_gives_files_that_are_read(tmp_path: Path):
    for kind in FaultKind:
        folder = tmp_path / kind.value
        names = {file.name for file in improvements(learned(kind), folder)}
        assert {"dashboard.json", "openslo.yaml", "chaos.json", "rehearse.sh"} <= names
        for panel in json.loads((folder / "dashboard.json").read_text())["panels"]:
            for target in panel["targets"]:
                parse(target["expr"])
        declared = read_declared([], [folder / "openslo.yaml"])
        assert not declared.faults
        (service,) = declared.catalogue.services
        assert service.name == "checkout" and len(service.slos) == 1
        probes = json.loads((folder / "chaos.json").read_text())["steady-state-hypothesis"][
            "probes"
        ]
        if "prometheus-rules.yaml" in names:
            assert probes and promtool(folder / "prometheus-rules.yaml")


def promtool(file: Path) -> bool:
    """Whether the real one takes the rules; where it is not installed, whether a parser does."""
    if tool := shutil.which("promtool"):
        said = subprocess.run(
            [tool, "check", "rules", file], capture_output=True, text=True, check=False
        )
        assert said.returncode == 0, said.stderr
    rules = [
        rule for group in yaml.safe_load(file.read_text())["groups"] for rule in group["rules"]
    ]
    return all(parse(rule["expr"]) for rule in rules)


def test_they_say_what_the_incident_showed(tmp_path: Path):
    improvements(learned(), tmp_path)
    (group,) = yaml.safe_load((tmp_path / "prometheus-rules.yaml").read_text())["groups"]
    rule = group["rules"][0]
    assert "checkout" in rule["expr"] and rule["annotations"]["incident"] == "INC-1"
    assert rule["labels"] == {"severity": "critical", "team": "observability"}
    first = json.loads((tmp_path / "dashboard.json").read_text())["panels"][0]
    limit = first["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"]
    assert rule["expr"] == f"{first['targets'][0]['expr']} > {limit:g}"
    experiment = json.loads((tmp_path / "chaos.json").read_text())
    assert experiment["title"].startswith("Rehearse: ")
    assert experiment["steady-state-hypothesis"]["probes"][0]["provider"]["arguments"]["query"]
    assert os.access(tmp_path / "rehearse.sh", os.X_OK)
    ran = subprocess.run([tmp_path / "rehearse.sh"], capture_output=True, check=False)
    assert ran.returncode == 1, "what nobody has written passes for nothing"


def test_texts_of_others_stay_texts(tmp_path: Path):
    document = learned()
    report = document.reports[-1]
    evil = 'x{{ query "up" }}\n- alert: Forged\n$(reboot)'
    why = f"{evil} Expression: up > 1"
    report.follow_ups = [
        FollowUp(title=evil, kind="alert", owner=evil, due=at(0), rationale=why),
        FollowUp(title=evil, kind="chaos", owner="x", due=at(0)),
    ]
    improvements(document, tmp_path)
    assert promtool(tmp_path / "prometheus-rules.yaml")
    (group,) = yaml.safe_load((tmp_path / "prometheus-rules.yaml").read_text())["groups"]
    (rule,) = group["rules"]
    assert "{{" not in json.dumps(rule) and rule["labels"]["team"] == evil.replace("{{", "{ {")
    lines = (tmp_path / "rehearse.sh").read_text().splitlines()
    assert [line for line in lines if not line.startswith(("#", "echo", "exit"))] == []


def test_they_are_asked_for_by_a_person_once(tmp_path: Path, monkeypatch, capsys):
    run = CommandLine(tmp_path / "home", monkeypatch, capsys)
    document = kept(run.store, full())
    run.store.update(document.id, lambda doc: doc.reports.append(learned().reports[-1]))
    words = ("improvements", document.id, "out", "--pull-request", "--by", "ann")
    assert "write `improvements` into warroom.yaml" in run(*words).err
    with forge("gitlab", tmp_path) as theirs:
        (tmp_path / "warroom.yaml").write_text(
            yaml.safe_dump({"improvements": theirs.section(tmp_path, mode="propose")})
        )
        assert "in mode propose" in run(*words).err and theirs.branches() == []
        (tmp_path / "warroom.yaml").write_text(
            yaml.safe_dump({"improvements": theirs.section(tmp_path)})
        )
        assert "waits for whoever merges it" in run(*words).out
        assert "waits for whoever merges it" in run(*words).out
        (request,), (branch,) = theirs.requests, theirs.branches()
        git = Git(theirs.bare)
        added = git.run("diff", "--name-only", "main", branch).split()
        assert f"warroom/{document.id}/openslo.yaml" in added and len(added) == 5
        rules = git.run("show", f"{branch}:warroom/{document.id}/prometheus-rules.yaml")
        assert rules + "\n" == (tmp_path / "out/prometheus-rules.yaml").read_text()
        assert git.run("ls-tree", branch, f"warroom/{document.id}/rehearse.sh")[:6] == "100755"
    assert request["title"] == f"Add what would have warned of {document.id} earlier"
    (link,) = run.store.load(document.id).links
    assert (link.by, link.url) == ("ann", f"{theirs.where}/acme/shop/-/merge_requests/1")
    with run.store.engine.connect() as connection:
        asked = select(AUDIT.c.actor).where(AUDIT.c.act == "ask for improvements")
        actors = connection.execute(asked).scalars().all()
    assert len(actors) == 3 and all(actor.endswith("as ann") for actor in actors)


def test_by_a_command(tmp_path: Path, monkeypatch, capsys):
    run = CommandLine(tmp_path / "home", monkeypatch, capsys)
    assert "step 12" in run("improvements", kept(run.store, full()).id, "out").err
    run.store.update("INC-1", lambda doc: doc.reports.append(learned().reports[-1]))
    said = run("improvements", "INC-1", "out")
    assert said.code == 0 and "prometheus-rules.yaml" in said.out
    assert (tmp_path / "out/openslo.yaml").exists()
    with pytest.raises(InputError, match="another folder"):
        improvements(learned(), tmp_path / "out/openslo.yaml")
