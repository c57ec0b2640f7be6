"""What deploy/ says: commands that the command line has, files that fit their schema, units that
systemd takes."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from warroom.app.configuration_file import Configuration
from warroom.console.main import app
from warroom.telemetry.sources.clusters import KINDS, OF_CLUSTER, OF_RELEASES
from warroom.tests.support.house import ROOT
from warroom.yaml_tables import parse_table

DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())
HELM = "helm.sh/helm/v3/cmd/helm@v3.16.4"
UNITS = sorted(DEPLOY.glob("*.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OURS = {name: each for name, each in COMPOSE["services"].items() if name != "database"}


def options_of(command: str) -> set[str]:
    """What this command of the command line takes."""
    group = typer.main.get_command(app)
    found = group.commands[command]  # type: ignore[attr-defined]
    return {name for each in found.params for name in (*each.opts, *each.secondary_opts)}


def check(words: list[str]) -> None:
    """The command is there, and takes these options."""
    wanted = {word for word in words[1:] if word.startswith("--")}
    assert wanted <= options_of(words[0])


@pytest.mark.parametrize("name", OURS)
def test_compose_runs_commands_that_there_are(name):
    check(OURS[name]["command"])


@pytest.mark.parametrize("name", OURS)
def test_a_container_of_ours_may_little(name):
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert not service["user"].startswith("0")
    assert service["healthcheck"]["test"]
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_compose_has_a_service_two_workers_and_a_database():
    assert COMPOSE["services"]["worker"]["deploy"]["replicas"] == 2
    assert set(COMPOSE["services"]) == {"database", "serve", "worker"}
    assert COMPOSE["services"]["database"]["healthcheck"]


def test_its_configuration_fits_and_may_listen_there():
    text = (DEPLOY / "warroom.yaml").read_text()
    found = parse_table(text, Configuration, "warroom.yaml")
    found.server.check_bind()
    assert f"{found.server.port}:{found.server.port}" in OURS["serve"]["ports"][0]


def test_the_charts_configuration_fits_and_may_listen_there():
    text = re.sub(r"\$__file\{[^}]*\}", "secret", yaml.safe_dump(VALUES["config"]))
    found = parse_table(text, Configuration, "values.yaml")
    found.server.check_bind()
    pod = (CHART / "templates" / "_shared.tpl").read_text()
    assert f"containerPort: {found.server.port}" in pod


def test_the_chart_runs_commands_that_there_are():
    text = (CHART / "templates" / "warroom.yaml").read_text()
    runs = re.findall(r'"args" \(list ((?:"[^"]+" ?)+)\)', text)
    assert len(runs) == 2
    for words in runs:
        check(re.findall(r'"([^"]+)"', words))


@pytest.mark.conformance
@pytest.mark.parametrize("ingress", ["true", "false"])
def test_helm_renders_the_chart(ingress: str):
    """By the real one, built by Go: minutes, the first time."""
    there = shutil.which("helm")
    command = [there] if there else ["go", "run", HELM]
    setting = ("--set", f"ingress.enabled={ingress}", "--set", "ingress.className=nginx")
    done = subprocess.run(
        [*command, "template", "shop", str(CHART), *setting],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    made = {(one["kind"], one["metadata"]["name"]): one for one in yaml.safe_load_all(done.stdout)}
    names = {kind for kind, _name in made}
    wanted = {"ServiceAccount", "ConfigMap", "PersistentVolumeClaim", "Deployment", "Service"}
    assert names == wanted | ({"Ingress"} if ingress == "true" else set())
    kept = made["ConfigMap", "shop-warroom"]["data"]["warroom.yaml"]
    assert yaml.safe_load(kept) == VALUES["config"]
    for part in ("serve", "worker"):
        template = made["Deployment", f"shop-warroom-{part}"]["spec"]["template"]
        labels = made["Deployment", f"shop-warroom-{part}"]["spec"]["selector"]["matchLabels"]
        assert labels.items() <= template["metadata"]["labels"].items()
        (container,) = template["spec"]["containers"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert template["spec"]["automountServiceAccountToken"] is False


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_runs_a_command_that_there_is(unit):
    line = re.search(r"^ExecStart=(\S+) (.*)$", unit.read_text(), re.MULTILINE)
    assert line and line[1].endswith("/warroom")
    check(line[2].split())


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_takes_a_unit(unit, tmp_path):
    name = unit.name.replace("@", "@1")
    text = unit.read_text().replace("/opt/warroom/bin/warroom", str(warroom()))
    (tmp_path / name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / name)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )
    said = [line for line in done.stderr.splitlines() if name in line]
    assert (said, done.returncode) == ([], 0), done.stderr


def warroom() -> Path:
    """The command of this environment: systemd looks whether it is there."""
    return Path(sys.executable).with_name("warroom")


def rights(name: str) -> set[tuple[str, str, str]]:
    """(group, resource, verb) of a file of deploy/kubernetes."""
    documents = yaml.safe_load_all((DEPLOY / "kubernetes" / f"{name}.yaml").read_text())
    rules = [rule for one in documents for rule in one.get("rules", ())]
    return {
        (group, resource, verb)
        for rule in rules
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


@pytest.mark.parametrize(("name", "kinds"), [("read", KINDS), ("cluster", OF_CLUSTER)])
def test_who_looks_into_a_cluster_may_list_what_is_looked_at(name, kinds):
    asked = {
        (version.rpartition("/")[0], kind, "list")
        for version, some in kinds.items()
        for kind in some.split()
    }
    assert asked <= rights(name)


def test_who_looks_into_a_namespace_may_read_logs_and_nothing_beyond_what_is_looked_at():
    asked = {
        (version.rpartition("/")[0] if "/" in version else "", kind, verb)
        for version, some in (KINDS | OF_RELEASES).items()
        for kind in some.split()
        for verb in ("get", "list")
    }
    assert rights("read") == asked | {("", "pods/log", "get")}
    assert not [one for name in ("cluster", "act") for one in rights(name) if "log" in one[1]]


FILES = ("read", "cluster", "act", "applications")


def test_rights_that_are_shipped_are_narrow():
    """Nothing of Secrets, nothing is created or deleted, no wildcard; only who acts may patch."""
    every = {name: rights(name) for name in FILES}
    all_of_them = set().union(*every.values())
    assert {verb for _, _, verb in all_of_them} == {"get", "list", "patch"}
    assert not {"secrets", "*", "pods/exec"} & {resource for _, resource, _ in all_of_them}
    assert {verb for _, _, verb in every["read"]} == {"get", "list"}
    assert {what for _, what, verb in every["cluster"] if verb == "patch"} == {"nodes"}
