"""Flags, edge, endpoints and providers on a real configuration repository."""

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from warroom.errors import ToolFailed
from warroom.targets.configured import ConfiguredProviders, Edge, Flags
from warroom.targets.fleet import Fleet, active
from warroom.targets.git import Configuration, Git
from warroom.targets.supervisor import Supervisor

FLAGS = {
    "flags": {
        "bulk": {
            "state": "ENABLED",
            "variants": {"on": True, "off": False},
            "defaultVariant": "on",
        },
        "theme": {
            "state": "ENABLED",
            "variants": {"dark": "dark"},
            "defaultVariant": "dark",
        },
    }
}
ENDPOINTS = {
    "catalog": [
        {"instance": "catalog-1", "url": "http://127.0.0.1:1", "active": True},
        {"instance": "catalog-2", "url": "http://127.0.0.1:2", "active": False},
    ]
}
PROVIDERS = {
    "recommendations": {"ai": "primary"},
    "providers": {"primary": {"url": "http://a"}, "fallback": {"url": "http://b"}},
}


@pytest.fixture
def configuration(tmp_path: Path) -> Configuration:
    contents = {
        "flags.json": FLAGS,
        "edge.json": {"blocked": [], "limits": {}, "drained": []},
        "endpoints.json": ENDPOINTS,
        "providers.json": PROVIDERS,
    }
    for name, content in contents.items():
        (tmp_path / name).write_text(json.dumps(content))
    git = Git(tmp_path)
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Start"]):
        git.run(*command)
    return Configuration(tmp_path)


def subjects(configuration: Configuration) -> list[str]:
    return configuration.git.run("log", "--format=%s").splitlines()


def test_flag_goes_off_and_comes_back(configuration: Configuration) -> None:
    flags = Flags(configuration)
    receipt = flags.turn_off("bulk")
    assert flags.inventory().flags == {"bulk": False, "theme": True}
    assert subjects(configuration) == ["Turn off bulk", "Start"]
    flags.restore(receipt)
    assert configuration.read("flags.json") == FLAGS


def test_flag_without_a_false_variant_is_disabled(configuration: Configuration) -> None:
    Flags(configuration).turn_off("theme")
    assert configuration.read("flags.json")["flags"]["theme"]["state"] == "DISABLED"


def test_second_time_is_no_change_and_no_commit(configuration: Configuration) -> None:
    flags = Flags(configuration)
    flags.turn_off("bulk")
    again = flags.turn_off("bulk")
    assert (again.changed, again.commit) == (False, "")
    assert len(subjects(configuration)) == 2


def test_change_written_before_a_crash_is_committed_afterwards(
    configuration: Configuration,
) -> None:
    changed = json.loads(json.dumps(FLAGS))
    changed["flags"]["bulk"]["defaultVariant"] = "off"
    (configuration.folder / "flags.json").write_text(json.dumps(changed))
    receipt = Flags(configuration).turn_off("bulk")
    assert receipt.commit == configuration.git.run("rev-parse", "HEAD")
    assert configuration.git.run("status", "--porcelain") == ""


def test_unknown_flag_names_the_known_ones(configuration: Configuration) -> None:
    with pytest.raises(ToolFailed, match="bulk, theme"):
        Flags(configuration).turn_off("bulky")


def test_undo_of_a_block_spares_what_was_blocked_before(configuration: Configuration) -> None:
    edge = Edge(configuration)
    edge.block(["10.0.0.1"])
    receipt = edge.block(["10.0.0.1", "10.0.0.2"])
    assert receipt.added == ["10.0.0.2"]
    edge.unblock(receipt.added)
    assert edge.rules()["blocked"] == ["10.0.0.1"]


def test_throttle_restores_the_limit_of_before(configuration: Configuration) -> None:
    edge = Edge(configuration)
    edge.throttle("/login", 9.0)
    receipt = edge.throttle("/login", 2.0)
    assert edge.rules()["limits"] == {"/login": 2.0}
    edge.throttle("/login", receipt.before)
    assert edge.rules()["limits"] == {"/login": 9.0}


def test_endpoints_activate_exactly_these(configuration: Configuration) -> None:
    fleet = Fleet(Supervisor("http://127.0.0.1:9/RPC2"), configuration)
    receipt = fleet.activate_only("catalog", ["catalog-1", "catalog-2"])
    assert active(fleet.endpoints("catalog")) == ["catalog-1", "catalog-2"]
    fleet.activate_only("catalog", receipt.before)
    assert configuration.read("endpoints.json") == ENDPOINTS


def test_provider_is_switched_and_restored(configuration: Configuration) -> None:
    providers = ConfiguredProviders(configuration)
    receipt = providers.switch("recommendations", "fallback")
    assert providers.inventory().services["recommendations"].provider == "fallback"
    providers.restore(receipt)
    assert configuration.read("providers.json") == PROVIDERS


def test_switch_to_an_unknown_provider_changes_nothing(configuration: Configuration) -> None:
    with pytest.raises(ToolFailed, match="fallback, primary"):
        ConfiguredProviders(configuration).switch("recommendations", "other")
    assert configuration.read("providers.json") == PROVIDERS


def test_concurrent_changes_are_all_kept(configuration: Configuration) -> None:
    addresses = [f"10.0.0.{number}" for number in range(8)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda address: Edge(configuration).block([address]), addresses))
    assert sorted(Edge(configuration).rules()["blocked"]) == addresses
    assert len(subjects(configuration)) == 1 + len(addresses)


def test_broken_file_is_named(configuration: Configuration) -> None:
    (configuration.folder / "edge.json").write_text("{")
    with pytest.raises(ToolFailed, match=r"edge\.json is not JSON"):
        Edge(configuration).block(["10.0.0.1"])


def test_git_failure_carries_what_git_said(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="not a git repository"):
        Git(tmp_path).run("log")


def test_a_persons_hooks_do_not_run(configuration: Configuration) -> None:
    hook = configuration.folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    refused = subprocess.run(
        ["git", "-C", str(configuration.folder), "commit", "--allow-empty", "-m", "x"],
        capture_output=True,
        check=False,
    )
    assert refused.returncode != 0
    assert Flags(configuration).turn_off("bulk").commit


def test_a_commit_is_reverted_once_and_that_reverted_again(configuration: Configuration) -> None:
    edge, history = Edge(configuration), configuration
    before = edge.rules()
    commit = edge.throttle("/search", 3.0).commit
    after = edge.rules()
    done = history.revert(commit)
    assert (done.changed, edge.rules()) == (True, before)
    again = history.revert(commit)
    assert (again.changed, again.note) == (False, "it is as before already")
    history.revert(done.commit)
    assert edge.rules() == after
    log = configuration.git.run("log", "--format=%s", "-3").splitlines()
    assert log[1].startswith('Revert "Limit /search to 3/s"')


def test_a_commit_that_later_ones_built_on_is_left_to_a_person(
    configuration: Configuration,
) -> None:
    edge, history = Edge(configuration), configuration
    commit = edge.throttle("/search", 3.0).commit
    edge.throttle("/search", 4.0)
    with pytest.raises(ToolFailed, match="later commits changed the same"):
        history.revert(commit)
    assert edge.rules()["limits"] == {"/search": 4.0}
    assert not configuration.git.run("status", "--porcelain", "--untracked-files=no")
    with pytest.raises(ToolFailed):
        history.revert("0" * 40)


def test_nothing_is_reverted_over_somebodys_open_work(configuration: Configuration) -> None:
    commit = Edge(configuration).throttle("/search", 3.0).commit
    (configuration.folder / "flags.json").write_text("{}")
    with pytest.raises(ToolFailed, match="not committed"):
        configuration.revert(commit)
