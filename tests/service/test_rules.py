"""The rules as a page and over HTTP: for administrators, with a button that stops them."""

from warroom.actions.policy import Policy
from warroom.app.configuration_file import Configuration
from warroom.record import audit
from warroom.tests.support.rules import rule
from warroom.tests.support.services import asked


def test_an_administrator_sees_them_stops_them_and_lets_them_act_again(tmp_path):
    configuration = Configuration(policy=Policy(rules=[rule()]))
    with asked(tmp_path / "home", configuration=configuration) as service:
        ann = service["admin"]
        assert service["commander"].get("/rules").status_code == 403
        assert service["commander"].get("/api/v1/rules").status_code == 403
        page = ann.get("/rules?days=30").text
        assert "restart-hung" in page and "Acts." in page and "Nothing." in page
        told = ann.get("/api/v1/rules").json()
        assert [(each["rule"], each["mode"], each["stopped"]) for each in told] == [
            ("restart-hung", "act", "")
        ]
        stop = {"rule": "", "off": "yes", "reason": "we watch <b>this</b> ourselves"}
        assert ann.post("/rules", data=stop).status_code == 200  # after a 303
        page = ann.get("/rules").text
        assert "Stopped." in page and "Let rules act again" in page and "<b>this" not in page
        assert "all rules are switched off" in ann.get("/api/v1/rules").json()[0]["stopped"]
        ann.post("/rules", data={"rule": "", "off": "no", "reason": "watched"})
        assert ann.get("/api/v1/rules").json()[0]["stopped"] == ""
        assert ann.post("/rules", data=stop | {"reason": ""}).status_code == 422
        assert ann.post("/rules", data=stop | {"rule": "other"}).status_code == 422
        assert audit.verify(service.service.engine).number >= 2


def test_without_any_it_says_that_people_decide(tmp_path):
    with asked(tmp_path / "home") as service:
        assert "every action waits for a person" in service["admin"].get("/rules").text
