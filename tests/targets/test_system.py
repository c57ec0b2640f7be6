"""Operations as a whole: its file, its inventory, every action and undo it dispatches."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from warroom.errors import ToolFailed
from warroom.incident.action import ActionKind
from warroom.targets.git import Git
from warroom.targets.system import Operations
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
        }
        for name, content in contents.items():
            (root / "config" / name).write_text(json.dumps(content))
        Git(root / "config").run("add", ".")
        Git(root / "config").run("commit", "-q", "-m", "Set up")
        access = {
            "supervisor_url": fleet.supervisor.url,
            "database_dsn": "postgresql://127.0.0.1:9/none",
            "edge": "web",
            **{name: str(root / name) for name in ("releases", "checkouts", "current", "config")},
            "backup": str(root / "backup"),
        }
        make_releases(root)
        (root / "operations.json").write_text(json.dumps(access))
        made = Operations.load(root / "operations.json")
        for version in ("v1", "v2"):
            made.releases.switch("web", version)
            made.releases.record("web", version)
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


@pytest.mark.parametrize(
    ("kind", "target", "parameters"),
    [
        (ActionKind.roll_back, "web", {"to_version": "v1"}),
        (ActionKind.scale, "web", {"instances": 2}),
        (ActionKind.flag_off, "bulk", {}),
        (ActionKind.throttle, "web", {"route": "/search", "rate": 3.0}),
        (ActionKind.block_source, "web", {"sources": ["10.0.0.1"], "good_share": 0.0}),
        (ActionKind.reroute, "web", {"away_from": ["web-1"]}),
        (ActionKind.switch_provider, "web", {"to": "b"}),
    ],
)
def test_action_and_undo_end_where_they_began(
    system: Operations, kind: ActionKind, target: str, parameters: dict
) -> None:
    def state() -> tuple:
        edge = system.edge.rules()
        inventory = system.inventory().model_dump(exclude={"services": {"web": {"previous"}}})
        return edge, inventory

    before = state()
    receipt = system.act(kind, target, parameters)
    assert receipt["changed"] is True
    assert state() != before
    again = system.act(kind, target, parameters)
    assert again["changed"] is False
    assert again["note"]
    assert system.undo(kind, target, parameters, again)["changed"] is False
    system.undo(kind, target, parameters, json.loads(json.dumps(receipt)))
    assert state() == before


def test_roll_back_that_died_before_the_restart_is_finished(system: Operations) -> None:
    pid = system.fleet.supervisor.process("web-1").pid
    system.releases.switch("web", "v1")
    receipt = system.act(ActionKind.roll_back, "web", {"to_version": "v1"})
    assert (receipt["changed"], receipt["before"]) == (True, "v2")
    assert system.fleet.supervisor.process("web-1").pid != pid
    assert system.releases.is_deployed("web", "v1")


def test_restart_has_no_undo(system: Operations) -> None:
    receipt = system.act(ActionKind.restart, "web", {})
    with pytest.raises(ToolFailed, match="cannot be undone"):
        system.undo(ActionKind.restart, "web", {}, receipt)


def test_repair_without_a_database_says_so(system: Operations) -> None:
    with pytest.raises(ToolFailed, match="is it up"):
        system.act(ActionKind.repair_rows, "stock", {"columns": [], "max_rows": 5})


def test_unusable_access_file(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="cannot be used"):
        Operations.load(tmp_path / "none.json")
    (tmp_path / "half.json").write_text('{"supervisor_url": ')
    with pytest.raises(ToolFailed, match="cannot be used"):
        Operations.load(tmp_path / "half.json")
    (tmp_path / "empty.json").write_text("{}")
    with pytest.raises(ToolFailed, match="database_dsn"):
        Operations.load(tmp_path / "empty.json")
