"""What is asked for where a repository is changed by requests only: a real git server on loopback,
before it the calls of either API that we make, as their documentation has them."""

import json
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from warroom.actions.base import Probe
from warroom.actions.capabilities import KEY, Capability
from warroom.actions.catalogue import changes, execute, plan, probe, sentence_of, undo
from warroom.actions.inventory import Inventory, Part, Request
from warroom.console.decision import in_brief
from warroom.console.screen import THEME
from warroom.errors import Halfway, ToolFailed, ToolRetry
from warroom.incident.action import ActionPlan, Decision, Verdict
from warroom.targets.git import Git
from warroom.targets.operations import Operations
from warroom.targets.pull_requests import PullRequests
from warroom.tests.support.acting_process import begin
from warroom.tests.support.cluster_api import ClusterApi
from warroom.tests.support.cluster_shop import shop, system
from warroom.tests.support.delivered import BY_FLUX
from warroom.tests.support.forges import TOKEN, ForgeServer, forge
from warroom.tests.support.incidents import full
from warroom.tests.support.shop_cluster import BEFORE, NOW, ROLL_BACK


class Shop(Capability):
    """Knows its service."""

    def inventory(self) -> Inventory:
        return Inventory(services={"checkout": Part()})


ALL = pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])


@pytest.fixture
def kind() -> str:
    return "github"


@pytest.fixture
def theirs(kind: str, tmp_path: Path) -> Iterator[ForgeServer]:
    token = KEY.set("INC-1:execute:abc")
    with forge(kind, tmp_path) as made:
        yield made
    KEY.reset(token)


def hands(theirs: ForgeServer, folder: Path, **more: Any) -> Operations:
    return Operations(PullRequests.configured([theirs.section(folder, **more)]), Shop())


def bad(theirs: ForgeServer) -> str:
    return Git(theirs.bare).run("rev-parse", "main~1")


def planned(theirs: ForgeServer, hands: Operations) -> ActionPlan:
    commit = {"commit": bad(theirs)[:12]}
    there = hands.inventory()
    return plan("revert configuration", "checkout", commit, "because", inventory=there)


def yes(plan: ActionPlan) -> Decision:
    return Decision(subject=plan.hash, verdict=Verdict.approved, by="ann", at=datetime.now(UTC))


def test_the_plan_shows_all_of_what_is_asked_for(theirs: ForgeServer, tmp_path: Path) -> None:
    made = planned(theirs, hands(theirs, tmp_path))
    told = {change.name: change.after for change in changes(made)}
    base = Git(theirs.bare).run("rev-parse", "main")
    assert told["only while base is"] == f"main at {base}"
    assert told["branch"] == f"warroom/{told['head'][:12]}"
    assert told["title"] == f'Revert "Save connections" ({bad(theirs)[:10]})'
    assert "-pool: 2\n+pool: 20\n" in told["diff"]
    assert sentence_of(made) == f"Ask acme/shop at {theirs.where} to merge: {told['title']}."
    assert made.blast_radius.startswith("Nobody as long as it waits.")
    assert "never called better" in made.verification
    assert (theirs.branches(), theirs.requests) == ([], [])
    terminal = Console(file=StringIO(), theme=THEME, width=100)
    terminal.print(in_brief(made, full(), None, datetime.now(UTC)))
    lines = terminal.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert [line.split() for line in lines if "pool:" in line] == [
        ["-pool:", "2"],
        ["+pool:", "20"],
    ]
    assert any("    max_wait: 1s" in line for line in lines), "blanks count in YAML"


@ALL
def test_it_is_opened_once_and_taken_back(theirs: ForgeServer, tmp_path: Path) -> None:
    ours = hands(theirs, tmp_path)
    made = planned(theirs, ours)
    assert probe(ours, made, "") is Probe.not_done
    receipt = execute(ours, made, yes(made))
    assert receipt.changed and "waits for whoever merges it" in receipt.note
    assert not execute(ours, made, yes(made)).changed
    [request], [branch] = theirs.requests, theirs.branches()
    assert (request["branch"], request["base"]) == (branch, "main")
    assert "Warroom-Key: INC-1:execute:abc" in request["text"]
    assert Git(theirs.bare).run("rev-parse", branch) == made.found["head"]
    assert (
        Git(theirs.bare).run("show", f"{branch}:shop.yaml") == "pool: 20\nclient:\n    max_wait: 1s"
    )
    assert probe(ours, made, "") is Probe.done
    stored = receipt.model_dump(mode="json")
    assert undo(ours, made, stored, yes(made)).changed
    assert (theirs.branches(), request["state"]) == ([], "closed")
    assert probe(ours, made, "") is Probe.not_done
    assert not undo(ours, made, stored, yes(made)).changed
    assert execute(ours, made, yes(made)).changed, "what was closed can be asked for anew"


@ALL
def test_a_strangers_fork_does_not_stand_for_it(theirs: ForgeServer, tmp_path: Path) -> None:
    """The name of the branch can be worked out by whoever reads the repository."""
    ours = hands(theirs, tmp_path)
    made = planned(theirs, ours)
    false = {"number": 1, "branch": made.found["branch"], "state": "open", "title": "t"}
    theirs.requests.append({**false, "fork": "mallory"})
    assert probe(ours, made, "") is Probe.not_done
    receipt = execute(ours, made, yes(made))
    assert receipt.changed and len(theirs.requests) == 2


@ALL
def test_how_it_stands_is_told(theirs: ForgeServer, tmp_path: Path) -> None:
    ours = hands(theirs, tmp_path)
    made = planned(theirs, ours)
    asked = Request.model_validate(made.found)
    assert ours.stands(asked) is None
    execute(ours, made, yes(made))
    stood = ours.stands(asked)
    assert stood and stood[0] == "open" and stood.where.startswith(theirs.where)
    git, [branch] = Git(theirs.bare), theirs.branches()
    git.run("update-ref", f"refs/heads/{branch}", "main")
    assert (stood := ours.stands(asked)) and stood.others
    theirs.requests[0]["state"] = "closed"
    assert (stood := ours.stands(asked)) and stood[2:] == (None, False) and stood.state == "closed"
    theirs.requests[0]["state"] = "merged"
    noon = datetime(2026, 11, 30, 12, tzinfo=UTC)
    assert (stood := ours.stands(asked)) and (stood.state, stood.at) == ("merged", noon)


def test_what_others_did_with_it_is_left_alone(theirs: ForgeServer, tmp_path: Path) -> None:
    ours = hands(theirs, tmp_path)
    made = planned(theirs, ours)
    stored = execute(ours, made, yes(made)).model_dump(mode="json")
    git, [branch] = Git(theirs.bare), theirs.branches()
    git.run("update-ref", f"refs/heads/{branch}", "main")
    with pytest.raises(ToolFailed, match=f"somebody pushed to {branch}"):
        undo(ours, made, stored, yes(made))
    git.run("update-ref", f"refs/heads/{branch}", str(made.found["head"]))
    theirs.requests[0]["state"] = "merged"
    with pytest.raises(ToolFailed, match="was merged: ask for what takes that back"):
        undo(ours, made, stored, yes(made))
    assert theirs.branches() == [branch]


def test_another_base_is_another_plan(theirs: ForgeServer, tmp_path: Path) -> None:
    ours = hands(theirs, tmp_path)
    made = planned(theirs, ours)
    theirs.change("README", "another\n", "Say it better")
    with pytest.raises(ToolRetry, match=r"decided for base main at \w+; it is main at \w+ by now"):
        execute(ours, made, yes(made))
    theirs.change("shop.yaml", "pool: 3\nclient:\n    max_wait: 1s\n", "Try three")
    with pytest.raises(ToolRetry, match="it is none by now"):
        execute(ours, made, yes(made))
    assert theirs.branches() == []


def test_what_was_approved_as_another_thing_is_not_asked_for(
    theirs: ForgeServer, tmp_path: Path
) -> None:
    """Nobody could look when it was planned: nothing of it was shown."""
    ours = hands(theirs, tmp_path)
    made = planned(theirs, ours).model_copy(update={"found": {}})
    with pytest.raises(ToolFailed, match="not what was approved"):
        execute(ours, made, yes(made))
    assert theirs.branches() == []


@pytest.mark.parametrize("mode", ["read", "propose"])
def test_less_than_act_does_nothing(theirs: ForgeServer, tmp_path: Path, mode: str) -> None:
    made = planned(theirs, hands(theirs, tmp_path))
    ours = hands(theirs, tmp_path, mode=mode)
    offered = "revert configuration" in (ours.inventory().offered or ())
    assert offered is (mode == "propose")
    with pytest.raises((ToolFailed, ToolRetry), match="mode"):
        execute(ours, made, yes(made))
    assert theirs.branches() == []


def test_who_does_not_answer_offers_nothing_and_tells_nothing(
    theirs: ForgeServer, tmp_path: Path
) -> None:
    ours = hands(theirs, tmp_path)
    made = planned(theirs, ours)
    away = hands(theirs, tmp_path, url="http://127.0.0.1:9")
    assert (away.inventory().requests, away.inventory().waiting) == ({}, {})
    assert probe(away, made, "") is Probe.cannot_tell


@pytest.mark.parametrize(
    ("kind", "status", "said"),
    [
        ("gitlab", 401, "renew what is in token_file"),
        ("github", 403, "lacks a right"),
        ("gitlab", 404, "no such project"),
        ("github", 422, "look there"),
    ],
)
def test_refusals_are_told_in_words_and_can_be_taken_back(
    theirs: ForgeServer, tmp_path: Path, status: int, said: str
) -> None:
    ours = hands(theirs, tmp_path)
    made = planned(theirs, ours)
    theirs.failing = ("POST", status, "because of that")
    with pytest.raises(Halfway, match=rf"{status} \(.*because of that.*\): .*{said}") as told:
        execute(ours, made, yes(made))
    [branch] = theirs.branches()
    assert f"the branch {branch} is there" in str(told.value)
    assert TOKEN not in str(told.value)
    assert undo(ours, made, told.value.receipt.model_dump(mode="json"), yes(made)).changed
    assert theirs.branches() == []


def test_a_token_that_may_only_read_leaves_nothing(theirs: ForgeServer, tmp_path: Path) -> None:
    ours = hands(theirs, tmp_path)
    made, theirs.readonly = planned(theirs, ours), True
    with pytest.raises(ToolFailed, match=r"git push .* 403") as told:
        execute(ours, made, yes(made))
    assert not isinstance(told.value, Halfway) and TOKEN not in str(told.value)
    assert (theirs.branches(), theirs.requests) == ([], [])


def test_an_answer_that_is_lost_is_looked_for(theirs: ForgeServer, tmp_path: Path) -> None:
    ours = hands(theirs, tmp_path)
    made = planned(theirs, ours)

    def cut(_method: str) -> None:
        raise ConnectionAbortedError

    theirs.after = cut
    assert execute(ours, made, yes(made)).changed
    assert [one["state"] for one in theirs.requests] == ["open"]


@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.reliability), "after"])
def test_killed_between_call_and_answer(theirs: ForgeServer, tmp_path: Path, when: str) -> None:
    """Its branch is pushed; the request is open or not."""
    file, config = tmp_path / "operations.json", tmp_path / "config"
    config.mkdir()
    uses = {"checkout": {"ai": "one"}, "providers": {"one": {}}}
    (config / "providers.json").write_text(json.dumps(uses))
    Git(config).run("init", "-q")
    Git(config).run("commit", "-qm", "Set up", "--allow-empty")
    known = {"pull_requests": [theirs.section(tmp_path)], "config": str(config)}
    file.write_text(json.dumps(known))
    ours = Operations.load(file)
    made, process = planned(theirs, ours), list[subprocess.Popen[bytes]]()

    def strike(_method: str) -> None:
        setattr(theirs, when, lambda _: None)
        process[0].send_signal(signal.SIGKILL)
        process[0].wait()
        raise ConnectionAbortedError

    setattr(theirs, when, strike)
    process.append(begin(file, made, "INC-1:execute:abc"))
    assert process[0].wait(120) == -signal.SIGKILL
    assert len(theirs.branches()) == 1
    done = when == "after"
    assert probe(ours, made, "INC-1:execute:abc") is (Probe.done if done else Probe.not_done)
    execute(ours, made, yes(made))
    assert len(theirs.branches()) == len(theirs.requests) == 1


def test_the_token_is_in_no_argument_no_address_and_no_file(
    theirs: ForgeServer, tmp_path: Path
) -> None:
    ours = hands(theirs, tmp_path)
    made = planned(theirs, ours)
    execute(ours, made, yes(made))
    assert not any(TOKEN in line for line in theirs.asked)
    kept = [path for path in (tmp_path / "clone.git").rglob("*") if path.is_file()]
    assert kept and not any(TOKEN.encode() in path.read_bytes() for path in kept)
    assert TOKEN not in made.model_dump_json()


def test_a_change_that_nobody_would_read_is_not_offered(
    theirs: ForgeServer, tmp_path: Path
) -> None:
    theirs.change("big.yaml", "".join(f"key{n}: {n}\n" for n in range(2000)), "Add it all")
    theirs.change("hidden.yaml", "user: \u202enimda\n", "Turn it around")
    found = hands(theirs, tmp_path).inventory().requests.values()
    assert {one.title.split('"')[1] for one in found} == {"Save connections", "Say what this is"}


def test_a_cluster_whose_repository_is_asked(theirs: ForgeServer, tmp_path: Path) -> None:
    """What Flux delivers is rolled back by a request, and by nothing else."""
    for image in (BEFORE, NOW):
        theirs.change("web.yaml", f"replicas: 2\nimage: {image}\n", f"Run {image}")
    api = ClusterApi()
    try:
        shop(api, **BY_FLUX)
        ours = system(tmp_path, api, pull_request=theirs.section(tmp_path))
        made = plan(*ROLL_BACK, "because", inventory=ours.inventory())
        assert made.found["instead"] == f"ask acme/shop at {theirs.where} to merge"
        assert f"-image: {NOW}\n+image: {BEFORE}" in str(made.found["diff"])
        assert probe(ours, made, "") is Probe.not_done
        receipt = execute(ours, made, yes(made))
        assert len(theirs.requests) == len(theirs.branches()) == 1
        assert probe(ours, made, "") is Probe.done
        assert undo(ours, made, receipt.model_dump(mode="json"), yes(made)).changed
        assert (theirs.branches(), api.patches()) == ([], [])
        read = system(tmp_path, api, pull_request=theirs.section(tmp_path, mode="read"))
        with pytest.raises(ToolRetry, match="kept by Flux"):
            plan(*ROLL_BACK, "because", inventory=read.inventory())
    finally:
        api.close()
