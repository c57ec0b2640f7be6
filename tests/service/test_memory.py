"""What is remembered, over HTTP: read by teams, changed by an administrator, each on the record."""

from sqlalchemy import select

from warroom.incident.impact import ServiceState
from warroom.record.memories import catch_up
from warroom.record.tables import AUDIT
from warroom.tests.support.consoles import kept
from warroom.tests.support.incidents import full
from warroom.tests.support.services import asked

V1 = "/api/v1/memory"
TEXT = "# Prices lost\n\nDate: 2024-11-29\n\nServices: checkout\n\n## Root cause\n\nAnn's coupon.\n"


def test_what_ended_is_read_by_its_team_and_forgotten_by_an_administrator(tmp_path, place):
    with asked(tmp_path / "home", place) as service:
        for number, team in ((1, "payments"), (2, "search")):
            document = full().model_copy(update={"id": f"INC-{number}"})
            document.services = [ServiceState(name="checkout", role="alerting", team=team)]
            kept(service.service.store, document)
        catch_up(service.service.engine)
        assert len(service["observer"].get(V1).json()) == 2
        service["admin"].put("/api/v1/teams/payments/members/observer")
        assert [one["id"] for one in service["observer"].get(V1).json()] == ["INC-1"]
        assert service["observer"].get(f"{V1}/INC-1").json()["service"] == "checkout"
        assert service["observer"].get(f"{V1}/INC-2").status_code == 404
        why = {"reason": "the customer asked"}
        assert service["commander"].post(f"{V1}/INC-2/forget", json=why).status_code == 403
        assert service["admin"].post(f"{V1}/INC-2/forget", json={}).status_code == 422
        assert service["admin"].post(f"{V1}/INC-2/forget", json=why).status_code == 204
        assert service["admin"].post(f"{V1}/INC-2/forget", json=why).status_code == 404
        assert [one["id"] for one in service["admin"].get(V1).json()] == ["INC-1"]
        query = select(AUDIT.c.actor, AUDIT.c.detail).where(AUDIT.c.act == "forget memory")
        with service.service.engine.begin() as connection:
            (row,) = connection.execute(query).all()
        assert row.actor.endswith("admin") and "the customer asked" in row.detail


def test_a_postmortem_is_read_in_once_and_a_name_is_taken_out_of_it(tmp_path):
    with asked(tmp_path / "home") as service:
        sent = {"name": "2024.md", "markdown": TEXT}
        first, again = (service["admin"].post(f"{V1}/import", json=sent) for _time in (1, 2))
        assert first.status_code == 201 and first.json() == again.json()
        assert first.json()["lacks"] == ["severity", "summary", "actions"]
        (one,) = service["observer"].get(V1).json()
        assert one["imported"] and one["cause"] == "Ann's coupon."
        out = {"text": "ann", "reason": "she asked"}
        assert service["admin"].post(f"{V1}/redact", json=out).json() == {"redacted": 1}
        (one,) = service["observer"].get(V1).json()
        assert one["cause"] == "[taken out]'s coupon."
        empty = {"name": "a.md", "markdown": "\n"}
        assert service["admin"].post(f"{V1}/import", json=empty).status_code == 422
