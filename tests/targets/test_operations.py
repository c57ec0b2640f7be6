"""Operations as a whole: its file, its inventory, every action and undo it dispatches."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.actions.base import Action
from warroom.actions.canaries import CanarySteps
from warroom.actions.capabilities import Rollout
from warroom.actions.catalogue import CATALOGUE, plan
from warroom.actions.configuration import FlagOff, RevertConfiguration, SwitchProvider
from warroom.actions.database import RepairRows
from warroom.actions.edge import BlockSource, Throttle
from warroom.actions.models import AnswerWithoutModel, CapCalls, CapTokens, SwitchModel
from warroom.actions.procedures import Procedures
from warroom.actions.services import Reroute, Restart, RollBack, Scale
from warroom.errors import ToolFailed, ToolRetry
from warroom.targets.configured import Edge
from warroom.targets.fleet import Fleet
from warroom.targets.git import Git
from warroom.targets.operations import Operations
from warroom.targets.releases import Releases
from warroom.tests.support.supervised import supervised


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operations]:
    """One service "web" under a real supervisord, with two releases; no database."""
    root = tmp_path_factory.mktemp("system")
    with supervised(root) as fleet:
        contents = {
            "flags.json": {
                "flags": {
                    "bulk": {
                        "state": "ENABLED",
                        "variants": {"on": True, "off": False},
                        "defaultVariant": "on",
                    }
                }
            },
            "providers.json": {"web": {"ai": "a"}, "providers": {"a": {}, "b": {}}},
            "models.json": {"web": {"model": "large", "models": ["large", "small"]}},
        }
        for name, content in contents.items():
            (root / "config" / name).write_text(json.dumps(content))
        Git(root / "config").run("add", ".")
        Git(root / "config").run("commit", "-q", "-m", "Set up")
        access = {
            "supervisor_url": fleet.supervisor.url,
            "supervisor_config": str(root / "supervisor.conf"),
            "database_dsn": "postgresql://127.0.0.1:9/none",
            "edge": "web",
            **{name: str(root / name) for name in ("releases", "checkouts", "current", "config")},
            "backup": str(root / "backup"),
        }
        make_releases(root)
        (root / "operations.json").write_text(json.dumps(access))
        made = Operations.load(root / "operations.json")
        releases = made.find(Releases)
        for version in ("v1", "v2"):
            releases.switch("web", version)
            releases.record("web", version)
        yield made


def make_releases(root: Path) -> None:
    for folder in ("releases", "checkouts", "current", "backup"):
        (root / folder).mkdir()
    (root / "backup" / "stock.csv").write_text("sku,units\nS1,1\n")
    git = Git(root / "releases")
    git.run("init", "-q")
    for version in ("v1", "v2"):
        git.run("commit", "-q", "--allow-empty", "-m", version)
        git.run("tag", "-a", version, "-m", version)
        git.run("worktree", "add", "-q", "--detach", str(root / "checkouts" / version), version)


def test_inventory_is_read_from_the_system(system: Operations) -> None:
    found = system.inventory()
    web = found.services["web"]
    assert (web.instances, web.spares) == (["web-1"], ["web-2"])
    assert (web.version, web.previous, web.versions) == ("v2", "v1", ["v1", "v2"])
    assert (web.provider, web.edge) == ("a", True)
    assert found.flags == {"bulk": True}
    assert found.tables == {"stock": ["sku", "units"]}
    assert found.providers == ["a", "b"]
    others = (Procedures, CanarySteps)
    own = {kind: a for kind, a in CATALOGUE.items() if a.needs not in others}
    assert found.offered == [kind for kind, a in own.items() if a.aimed(found)]


@pytest.mark.parametrize(
    "action",
    [
        RollBack(target="web", to_version="v1"),
        Scale(target="web", instances=2),
        FlagOff(target="bulk"),
        Throttle(target="web", route="/search", rate=3.0),
        BlockSource(target="web", sources=["10.0.0.1"], good_share=0.0),
        Reroute(target="web", away_from=["web-1"]),
        SwitchProvider(target="web", to="b"),
        SwitchModel(target="web", to="small"),
        AnswerWithoutModel(target="web"),
        CapCalls(target="web", calls=2),
        CapTokens(target="web", tokens=900.0),
    ],
)
def test_action_and_undo_end_where_they_began(system: Operations, action: Action) -> None:
    def state() -> tuple:
        edge = system.find(Edge).rules()
        inventory = system.inventory().model_dump(exclude={"services": {"web": {"previous"}}})
        return edge, inventory

    before = state()
    receipt = system.perform(action)
    assert receipt.changed
    assert state() != before
    again = system.perform(action)
    assert not again.changed
    assert again.note
    assert not system.undo(action, again.model_dump(mode="json")).changed
    assert system.undo(action, json.loads(receipt.model_dump_json())).changed
    assert state() == before


def test_a_commit_that_was_reverted_is_there_again(system: Operations) -> None:
    commit = system.perform(FlagOff(target="bulk")).model_dump()["commit"]
    action = RevertConfiguration(target="web", commit=commit)
    reverted = system.perform(action)
    assert system.inventory().flags == {"bulk": True}
    assert system.undo(action, reverted.model_dump(mode="json")).changed
    assert system.inventory().flags == {"bulk": False}
    assert system.perform(action).changed


def test_roll_back_that_died_before_the_restart_is_finished(system: Operations) -> None:
    supervisor, releases = system.find(Fleet).supervisor, system.find(Releases)
    pid = supervisor.process("web-1").pid
    releases.switch("web", "v1")
    receipt = system.find(Rollout).run_version("web", "v1")
    assert (receipt.changed, receipt.before) == (True, "v2")
    assert supervisor.process("web-1").pid != pid
    assert releases.is_deployed("web", "v1")


def test_restart_has_no_undo(system: Operations) -> None:
    again = Restart(target="web")
    receipt = system.perform(again)
    with pytest.raises(ToolFailed, match="cannot be undone"):
        system.undo(again, receipt.model_dump(mode="json"))


def test_repair_without_a_database_says_so(system: Operations) -> None:
    with pytest.raises(ToolFailed, match="is it up"):
        system.perform(RepairRows(target="stock", max_rows=5))


def test_receipts_of_before_can_be_undone(system: Operations) -> None:
    """Documents keep receipts in the form of the day they were written."""
    limit = Throttle(target="web", route="/search", rate=3.0)
    system.perform(limit)
    stored = {"route": "/search", "before": None, "changed": True, "note": "", "commit": "4f1c"}
    assert system.undo(limit, stored).changed
    assert system.find(Edge).rules()["limits"] == {}
    with pytest.raises(ToolFailed, match="does not say before"):
        system.undo(limit, {"route": "/search", "changed": True})


def test_a_supervisor_alone_offers_restart_alone(system: Operations, tmp_path: Path) -> None:
    url = system.find(Fleet).supervisor.url
    (tmp_path / "operations.json").write_text(json.dumps({"supervisor_url": url}))
    alone = Operations.load(tmp_path / "operations.json")
    inventory = alone.inventory()
    assert inventory.offered == [Restart.kind]
    assert inventory.services["web"].instances == ["web-1"]
    assert plan(Restart.kind, "web", {}, "it hangs", inventory=inventory)
    with pytest.raises(ToolRetry, match="not offered here, only: restart"):
        plan(Scale.kind, "web", {"instances": 2}, "load", inventory=inventory)
    with pytest.raises(ToolFailed, match="needs EdgeRules; the system here offers restart"):
        alone.perform(Throttle(target="web", route="/search", rate=3.0))
    pid = system.find(Fleet).supervisor.process("web-1").pid
    assert alone.perform(Restart(target="web")).changed
    assert system.find(Fleet).supervisor.process("web-1").pid != pid


def test_each_file_of_the_configuration_is_a_section(tmp_path: Path) -> None:
    (tmp_path / "flags.json").write_text('{"flags": {}}')
    (tmp_path / "operations.json").write_text(json.dumps({"config": str(tmp_path)}))
    flags_alone = Operations.load(tmp_path / "operations.json")
    assert flags_alone.inventory().offered == [FlagOff.kind, RevertConfiguration.kind]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (None, "cannot be used"),
        ('{"supervisor_url": ', "cannot be used"),
        ("{}", "names nothing to act through"),
        ('{"edge": "web"}', "names nothing to act through"),
        ('{"supervisor": "http://127.0.0.1:9/RPC2"}', "supervisor"),
        ('{"backup": "b"}', "add database_dsn"),
        ('{"supervisor_config": "s.conf"}', "add supervisor_url"),
        ('{"releases": "r", "current": "c"}', "add checkouts"),
    ],
)
def test_unusable_access_file(tmp_path: Path, text: str | None, wrong: str) -> None:
    if text is not None:
        (tmp_path / "operations.json").write_text(text)
    with pytest.raises(ToolFailed, match=wrong):
        Operations.load(tmp_path / "operations.json")
