"""What the documents say of the code is what the code says now; editors are told what the readers
take."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
import yaml
from jsonschema_rs import Draft202012Validator

from warroom.app.schemas import BESIDE, SCHEMAS, schema
from warroom.console.schema import EVERY
from warroom.drills.world import WORLDS
from warroom.faults import divided
from warroom.telemetry.sample_bundle import write_sample
from warroom.tests.support.commands import documents
from warroom.tests.support.consoles import CommandLine
from warroom.tests.support.house import ROOT

WRITTEN: dict[str, str] = run_path(str(ROOT / "docs" / "write_reference.py"))["written"]()


@pytest.mark.parametrize("place", WRITTEN)
def test_it_is_as_the_code_has_it(place: str) -> None:
    said = (ROOT / "docs" / place).read_text("utf-8")
    assert said == WRITTEN[place], "run docs/write_reference.py"


def test_nothing_else_lies_there() -> None:
    there = {p for name in ("reference", "schemas") for p in (ROOT / "docs" / name).iterdir()}
    assert there == {ROOT / "docs" / place for place in WRITTEN}


def properties(part: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of a schema, with what is said of it."""
    if isinstance(part, dict):
        for name, key in part.get("properties", {}).items():
            yield f"{place}.{name}", key
        for name, inner in part.items():
            yield from properties(inner, f"{place}.{name}")
    elif isinstance(part, list):
        for inner in part:
            yield from properties(inner, place)


@pytest.mark.parametrize("name", EVERY)
def test_every_key_is_described(name: str) -> None:
    found = dict(properties(schema(EVERY[name])))
    assert len(found) > 5
    assert [place for place, key in found.items() if not key.get("description")] == []


def wrong(name: str, content: Any) -> list[str]:
    """What an editor would mark."""
    return [
        f"{error.instance_path}: {error.message}"
        for error in Draft202012Validator(schema(EVERY[name])).iter_errors(content)
    ]


@pytest.mark.parametrize("world", WORLDS)
def test_the_worlds_fit(world: str) -> None:
    text = (ROOT / "drills" / "worlds" / f"{world}.yaml").read_text("utf-8")
    assert wrong("world", yaml.safe_load(text)) == []


YAML = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks() -> Iterator[tuple[str, Any]]:
    """(page, content) of each piece of a warroom.yaml in the documents and in deploy/."""
    known = schema(SCHEMAS["configuration"])["properties"]
    for page in documents():
        for text in YAML.findall((ROOT / page).read_text("utf-8")):
            try:
                content = yaml.safe_load(text)
            except yaml.YAMLError:  # a piece of a longer one
                continue
            if "webhook_configs" in text or not isinstance(content, dict):  # Alertmanager's
                continue
            if content.keys() <= known.keys():
                yield f"{page} {', '.join(content)}", content
    yield "deploy/warroom.yaml", yaml.safe_load((ROOT / "deploy/warroom.yaml").read_text())
    values = yaml.safe_load((ROOT / "deploy/helm/values.yaml").read_text())
    yield "deploy/helm/values.yaml", values["config"]


BLOCKS = dict(blocks())


@pytest.mark.parametrize("place", BLOCKS)
def test_each_warroom_yaml_that_is_shown_fits(place: str) -> None:
    assert wrong("configuration", BLOCKS[place]) == []


def test_enough_of_them_are_held() -> None:
    assert {"oncall", "notifications", "slack", "server, policy"} <= {
        place.partition(" ")[2] for place in BLOCKS
    }


def test_sections_fit_by_themselves() -> None:
    found = {key: part for content in BLOCKS.values() for key, part in content.items()}
    assert wrong("oncall", found["oncall"]) == []
    assert wrong("policy", found["policy"]) == []


def test_the_runbook_that_is_shown_fits() -> None:
    text = (ROOT / "docs/runbooks.md").read_text("utf-8")
    front, _body = divided(text.split("```")[1].partition("\n")[2], "runbooks.md")
    assert wrong("runbook", yaml.safe_load(front)) == []


def test_the_samples_catalogue_fits(tmp_path: Path) -> None:
    file = write_sample(tmp_path / "sample") / "catalogue.json"
    assert wrong("bundle-catalogue", json.loads(file.read_text())) == []


def test_a_catalogue_as_backstage_has_it_fits() -> None:
    text = "kind: Component\nmetadata: {name: a, links: []}\nspec: {owner: team-a, dependsOn: [b]}"
    assert wrong("catalogue", yaml.safe_load(text)) == []


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("configuration", "server: {listn: 127.0.0.1:80}", "listn"),
        ("configuration", "oncall: {schedules: [{time_zone: UTC}]}", "is a required property"),
        ("oncall", "escalation: {P7: []}", "P7"),
        ("policy", "approve: {P0: 3}", "maximum of 2"),
        ("runbook", "name: a\nsteps: [{kind: pray, text: b}]", "pray"),
        ("runbook", "name: a\ntitle: b\nsteps: [{kind: assess, text: b}]", "title"),
    ],
)
def test_what_is_wrong_is_marked(name: str, text: str, said: str) -> None:
    assert any(said in each for each in wrong(name, yaml.safe_load(text)))


@pytest.fixture
def warroom(tmp_path, monkeypatch, capsys) -> CommandLine:
    return CommandLine(tmp_path / "home", monkeypatch, capsys)


def test_the_command_prints_each_and_names_them_all(warroom: CommandLine) -> None:
    said = warroom("schema")
    assert [line.split()[0] for line in said.out.splitlines()] == list(EVERY)
    assert warroom("schema", "policy").json == schema(SCHEMAS["policy"])
    assert warroom("config", "schema").json == schema(SCHEMAS["configuration"])
    wrong_name = warroom("schema", "polcy")
    assert (wrong_name.code, "write one of" in wrong_name.err) == (2, True)


def test_a_warroom_yaml_that_we_begin_names_its_schema(warroom: CommandLine, tmp_path) -> None:
    said = warroom("connect", "files", str(write_sample(tmp_path / "bundle")))
    assert said.code == 0, said.err
    first = (tmp_path / "warroom.yaml").read_text().splitlines()[0]
    assert first == f"# yaml-language-server: $schema={BESIDE}"
    assert json.loads((tmp_path / BESIDE).read_text()) == schema(SCHEMAS["configuration"])
    content = yaml.safe_load((tmp_path / "warroom.yaml").read_text())
    assert content["datasources"] and wrong("configuration", content) == []
