"""Who decides, on what, until when: many answers at once, changed plans, switches, expiry."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime

import httpx
import pytest

from warroom.tests.support.alerts import posted
from warroom.tests.support.installations import ENDS, V1, Asked, Installation


@contextmanager
def somebody(warroom: Asked, name: str, role: str) -> Iterator[Asked]:
    """The same service, asked with a token of this role."""
    made = warroom.client.post(f"{V1}/tokens", json={"name": name, "role": role})
    assert made.status_code == 201, made.text
    headers = {"Authorization": f"Bearer {made.json()['token']}"}
    with httpx.Client(base_url=warroom.service.url, headers=headers, timeout=40) as client:
        yield Asked(warroom.service, client, warroom.installation)


def test_approve_reject_and_double_clicks_at_once(installation: Installation) -> None:
    with (
        installation.serve() as warroom,
        somebody(warroom, "ann", "commander") as ann,
        somebody(warroom, "bob", "commander") as bob,
    ):
        warroom.send()
        question = warroom.asked_for()
        gate = threading.Barrier(24)

        def click(n: int) -> tuple[int, str]:
            who, how = (ann, "approve") if n % 2 else (bob, "reject")
            form = {} if n % 2 else {"reason": "no"}
            gate.wait()
            return who.answer(question, how, **form).status_code, how

        with ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(click, range(24)))
        counted = {how for status, how in answers if status == 200}
        assert {status for status, _ in answers} <= {200, 409}, answers
        assert len(counted) == 1, answers
        warroom.approve_until_over(how="reject")
        document = warroom.get(f"/incidents/{question['incident_id']}")
        ours = [d for d in document["decisions"] if d["subject"] == question["subject"]]
        assert len(ours) == 1
        assert installation.world.starts() == (counted == {"approve"})
        assert ours[0]["by"] == ("ann" if counted == {"approve"} else "bob")


@pytest.mark.reliability
def test_what_lapsed_is_asked_anew(installation: Installation) -> None:
    with installation.serve(WARROOM_APPROVAL_MINUTES="0.1") as warroom:
        warroom.send()
        question = warroom.asked_for()

        def again() -> bool:
            asked = [q for q in warroom.questions("action") if q["subject"] == question["subject"]]
            return any(q["requested_at"] > question["requested_at"] for q in asked)

        warroom.until(again)
        assert installation.world.acted == []
        warroom.approve_until_over()
        assert installation.world.starts() == 1
        assert warroom.get(f"/incidents/{question['incident_id']}")["state"] != "resolved"


@pytest.mark.reliability
def test_an_edit_or_a_hash_that_does_not_fit_changes_nothing(on_a_file: Installation) -> None:
    with on_a_file.serve() as warroom:
        warroom.send()
        question = warroom.asked_for()
        assert warroom.answer(question, "edit", parameters={"service": "x"}).status_code == 422
        other = {**question, "subject": question["subject"][:-1] + "g"}
        assert warroom.answer(other).status_code in (404, 409, 422)
        assert warroom.questions("action") == [question]
        assert on_a_file.world.acted == []
        warroom.approve_until_over()
        assert on_a_file.world.starts() == 1


@pytest.mark.reliability
def test_a_plan_for_one_system_is_not_done_on_another(on_a_file: Installation) -> None:
    with on_a_file.serve() as warroom:
        warroom.send()
        question = warroom.asked_for()
    access = json.loads(on_a_file.operations.read_text())
    on_a_file.operations.write_text(json.dumps({**access, "system": "another shop"}))
    with on_a_file.serve() as warroom:
        assert warroom.answer(question).status_code == 200

        def planned_anew() -> bool:
            others = [q["subject"] for q in warroom.questions("action")]
            return bool(set(others) - {question["subject"]})

        warroom.until(lambda: on_a_file.world.acted or planned_anew())
        assert on_a_file.world.acted == []


@pytest.mark.reliability
def test_who_may_not_decide_and_who_pretends(on_a_file: Installation) -> None:
    with (
        on_a_file.serve() as warroom,
        somebody(warroom, "eve", "observer") as eve,
        somebody(warroom, "rob", "responder") as rob,
    ):
        warroom.send()
        question = warroom.asked_for()
        for who in (eve, rob):
            assert who.answer(question).status_code == 403
            assert who.answer(question, by="ann").status_code in (403, 422)
        pretends = warroom.client.post(
            f"{V1}/tokens", json={"name": "drill commander (automatic)", "role": "admin"}
        )
        assert pretends.status_code == 422
        assert warroom.answer(question, "reject", reason="no", by="ann").status_code == 422
        assert on_a_file.world.acted == []


@pytest.mark.reliability
@pytest.mark.parametrize("how", ["reject", "edit nonsense"])
def test_a_refusal_is_never_a_resolution(on_a_file: Installation, how: str) -> None:
    with on_a_file.serve() as warroom:
        warroom.send()
        question = warroom.asked_for()
        if how != "reject":
            answer = warroom.answer(question, "edit", parameters={"service": "--all"})
            assert answer.status_code in (409, 422), answer.text
        warroom.approve_until_over(how="reject")
        document = warroom.get(f"/incidents/{question['incident_id']}")
        assert document["state"] not in ("resolved", "closed", "noise")
        assert on_a_file.world.acted == []


@pytest.mark.reliability
def test_the_kill_switch_holds_across_a_restart(installation: Installation, live: datetime) -> None:
    def held(warroom: Asked, incident: str) -> bool:
        timeline = warroom.get(f"/incidents/{incident}")["timeline"]
        return any("switched off" in event["text"] for event in timeline)

    with installation.serve() as warroom:
        warroom.send(posted(at=live))
        question = warroom.asked_for()
        off = warroom.client.post(f"{V1}/switches/off", json={"reason": "a test"})
        assert off.status_code == 200, off.text
        assert warroom.answer(question).status_code == 200
        warroom.until(lambda: held(warroom, question["incident_id"]))
    with installation.serve() as warroom:
        assert warroom.status(question["incident_id"])["status"] not in ENDS
        assert installation.world.acted == []
        on = warroom.client.post(f"{V1}/switches/on", json={"reason": "over"})
        assert on.status_code == 200, on.text
        warroom.until(installation.world.starts)
        assert installation.world.starts() == 1


@pytest.mark.reliability
def test_an_action_does_not_wait_for_a_text(on_a_file: Installation) -> None:
    with on_a_file.serve() as warroom:
        warroom.send()
        question = warroom.asked_for()
        warroom.until(lambda: warroom.questions("text"))
        warroom.answer(question)
        warroom.until(on_a_file.world.starts)
        assert warroom.questions("text")


@pytest.mark.reliability
def test_incidents_of_one_service_never_act_at_once(installation: Installation) -> None:
    with installation.serve() as warroom:
        for number, place in enumerate(("a", "b", "c"), 1):
            warroom.send(posted("gateway", number, environment=place))
        warroom.until(lambda: len(warroom.questions("action")) == 3)
        warroom.approve_until_over()
        acted = [method for method, _ in installation.world.acted]
        assert acted and acted == ["stopProcess", "startProcess"] * (len(acted) // 2)
