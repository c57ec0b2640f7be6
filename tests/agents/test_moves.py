"""Moves that put back what is blamed: state, a session's lock, a commit of the configuration."""

import json
from pathlib import Path

import pytest

from warroom.actions.base import ActionDraft
from warroom.actions.configuration import RevertConfiguration
from warroom.actions.database import EndSession
from warroom.actions.inventory import Inventory, Part, Request
from warroom.actions.services import RollBack
from warroom.actions.state import RestoreDatabase, RestoreProcess
from warroom.agents.causes.account import accounts
from warroom.agents.causes.failure_path import just_before
from warroom.agents.causes.moves import moves
from warroom.agents.causes.observations import Observations
from warroom.agents.runtime.case import Case
from warroom.agents.steps import MITIGATE
from warroom.agents.triage import mitigate
from warroom.incident.finding import FaultKind, Hypothesis
from warroom.tests.support.bundles import START, BundleWriter
from warroom.tests.support.shop_bundle import Fault, write_shop
from warroom.tests.support.specialists import case_on

GRANT = "INSERT on table public.payments to payments"
GIVEN = "membership in staff to payments"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
WHO = {"blocker": "99/1700000000.5", "blocker_application": "psql", "blocker_since": 1.0}


def case_over(tmp_path: Path) -> Case:
    """The shop, with a grant that went, a limit that came and went, a lock that is held, a commit
    and a deploy."""
    root = write_shop(tmp_path / "bundle", seconds=60)
    with BundleWriter(root, json.loads((root / "catalogue.json").read_text())) as writer:
        at = writer.start

        def fact(
            second: float, kind: str, name: str, value: str, service: str = "database"
        ) -> None:
            row = {"at": at + second, "service": service, "instance": "", "kind": kind}
            writer.add("state.jsonl", row | {"object": name, "value": value})

        fact(1, "grant", GRANT, "granted")
        fact(1, "environment", "TIMEOUT", "2", "payments")
        fact(1, "limit", "open files", "9", "payments")
        fact(40, "grant", GRANT, "")
        fact(44, "grant", GIVEN, "granted")
        fact(41, "environment", "TIMEOUT", "0.1", "payments")
        fact(42, "limit", "open files", "2", "payments")
        fact(43, "limit", "open files", "9", "payments")
        fact(42, "wait", json.dumps(WHO), json.dumps({"waiting": 3}))
        writer.change(at + 45, "config", "payments", COMMIT)
        writer.change(at + 46, "deploy", "payments", "f" * 40, version="v2", previous="v1")
    return case_on(root, tmp_path / "home")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Observations:
    case = case_over(tmp_path_factory.mktemp("case"))
    parts = {"payments": Part(instances=["payments-1"], version="v2", previous="v1")}
    object.__setattr__(case, "inventory", Inventory(services=parts, databases=["database"]))
    return Observations(case)


def proposed(
    seen: Observations, kind: FaultKind, change: str = "", resource: str = ""
) -> list[ActionDraft]:
    blamed = {"change": change, "resource": resource, "service": "payments", "kind": kind}
    cause = {"id": "H1", "statement": "payments fails", "confidence": 0.9, **blamed}
    return list(moves(seen, Hypothesis.model_validate(cause)))


def state_id(seen: Observations, name: str, value: str) -> str:
    return next(row.id for row in seen.state.rows if (row.object, row.value) == (name, value))


@pytest.mark.parametrize("kind", [FaultKind.missing_permission, FaultKind.unknown])
def test_a_grant_that_is_blamed_is_put_back_whatever_kind_it_is(
    seen: Observations, kind: FaultKind
) -> None:
    (move,) = proposed(seen, kind, change=state_id(seen, GRANT, ""))
    assert (move.action, move.target) == (RestoreDatabase, "database")
    assert move.parameters == {"what": "grant", "object": GRANT, "now": "", "to": "granted"}


def test_a_grant_that_was_given_is_listed_and_is_no_reason_and_nothing_to_take_back(
    seen: Observations,
) -> None:
    given = next(row for row in seen.changes.rows if row.files == GIVEN)
    for kind in (FaultKind.missing_permission, FaultKind.unknown):
        assert not proposed(seen, kind, change=given.id)
    nearest = just_before(seen, "database", given.at + 1, 60)
    assert nearest and nearest.files == GRANT
    told = [row.files for account in accounts(seen).places.values() for row in account.changed]
    assert GRANT in told and GIVEN not in told


def test_an_environment_is_put_back_at_its_process(seen: Observations) -> None:
    change = state_id(seen, "TIMEOUT", "0.1")
    (move,) = proposed(seen, FaultKind.changed_setting, change=change)
    assert (move.action, move.target) == (RestoreProcess, "payments")
    assert (move.parameters["now"], move.parameters["to"]) == ("0.1", "2")


def test_what_went_back_by_itself_is_left(seen: Observations) -> None:
    change = state_id(seen, "open files", "2")
    assert not proposed(seen, FaultKind.changed_setting, change=change)


def test_who_holds_the_lock_is_ended(seen: Observations) -> None:
    (move,) = proposed(seen, FaultKind.lock_contention, resource=WHO["blocker"])
    assert (move.action, move.target) == (EndSession, "database")
    assert move.parameters == {"session": WHO["blocker"], "application": "psql"}


@pytest.mark.parametrize("kind", [FaultKind.bad_config, FaultKind.bad_deploy])
def test_a_commit_of_the_configuration_is_reverted_and_no_release_rolled_back(
    seen: Observations, kind: FaultKind
) -> None:
    (move,) = proposed(seen, kind, change=COMMIT)
    assert (move.action, move.parameters) == (RevertConfiguration, {"commit": COMMIT})


@pytest.mark.parametrize("change", [COMMIT, "f" * 40])
def test_what_can_only_be_asked_for_comes_after_all_that_cures_at_once(
    seen: Observations, change: str
) -> None:
    there = seen.case.inventory
    request = Request(repository="r", base="main at 1", branch="b", head="2", title="t", diff="d")
    there.requests[change] = request
    drafts = proposed(seen, FaultKind.bad_deploy, change=change)
    found = [(draft.action, draft.parameters) for draft in drafts]
    there.requests.clear()
    assert found[-1] == (RevertConfiguration, {"commit": change})
    assert [action for action, _ in found].count(RevertConfiguration) == 1
    assert change == COMMIT or (RollBack, {"to_version": "v1"}) in found[:-1]


def test_a_release_is_rolled_back(seen: Observations) -> None:
    (move, *_) = proposed(seen, FaultKind.bad_deploy, change="f" * 40)
    assert (move.action, move.parameters) == (RollBack, {"to_version": "v1"})


@pytest.mark.parametrize(("seen_s", "at_once"), [(60, True), (5, False)])
def test_without_a_healthy_time_to_compare_with_nothing_is_done_at_once(tmp_path, seen_s, at_once):
    root = write_shop(tmp_path / "bundle", Fault("errors", "inventory", at=60, share=0.8))
    with BundleWriter(root, json.loads((root / "catalogue.json").read_text())) as writer:
        writer.change(START + 57, "deploy", "inventory", "f" * 40, version="v2", previous="v1")
    for file in (root / "metrics").iterdir():
        rows = file.read_text().splitlines(keepends=True)
        late = [row for row in rows if json.loads(row)["ts"] >= START + 60 - seen_s]
        file.write_text("".join(late))
    case = case_on(root, tmp_path / "home", step=MITIGATE, service="inventory")
    part = Part(instances=["inventory-1"], version="v2", previous="v1", versions=["v1", "v2"])
    object.__setattr__(case, "inventory", Inventory(services={"inventory": part}))
    easily = case.settings.model_copy(update={"act_confidence": 0.3})
    object.__setattr__(case, "settings", easily)
    report = mitigate(case)
    assert report.proposals, "it is proposed, and asked for once it was investigated"
    assert report.act_now == at_once
    assert ("not before it is investigated" in report.summary) != at_once
