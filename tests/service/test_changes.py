"""What pipelines send: plain, as a CloudEvent, as a CDEvent; who may, how often it counts."""

from collections.abc import Iterator

import pytest

from warroom.record.changes import SentChanges
from warroom.tests.support.services import Asked, asked

PATH = "/api/v1/changes"
AT = 1_700_000_000.0
ISO = "2023-11-14T22:13:20Z"
PLAIN = {"service": "checkout", "kind": "deploy", "version": "v1.4.1", "at": ISO}
CDEVENT = {
    "context": {
        **{"version": "0.4.1", "id": "271069a8", "source": "/ci/tekton"},
        **{"type": "dev.cdevents.service.upgraded.0.2.0", "timestamp": ISO},
    },
    "subject": {
        **{"id": "service/checkout", "source": "/ci/tekton", "type": "service"},
        "content": {
            "environment": {"id": "production"},
            "artifactId": "pkg:oci/checkout@sha256%3A0b31b1c0",
        },
    },
}
CDTYPE = "dev.cdevents.service.upgraded.0.2.0"
CLOUD = {
    **{"specversion": "1.0", "id": "1", "source": "/ci", "type": "org.example.flag.toggled"},
    **{"time": ISO, "data": {"service": "checkout", "summary": "fast checkout is on"}},
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    with asked(tmp_path_factory.mktemp("changes") / "home") as found:
        yield found


def told(service: Asked, id: str) -> dict:
    every = SentChanges(service.service.engine).within(0, 1e12)
    return next(row for row in every if row["id"] == id)


def test_a_deploy_in_plain_json_is_kept(service):
    answer = service["responder"].post(PATH, json=PLAIN)
    assert (answer.status_code, answer.json()["new"]) == (201, True)
    row = told(service, answer.json()["id"])
    assert row == {
        **{"at": AT, "kind": "deploy", "service": "checkout", "version": "v1.4.1"},
        **{"id": answer.json()["id"], "author": "responder"},
    }


@pytest.mark.parametrize("body", [PLAIN, PLAIN | {"id": "build 7"}, CLOUD, CDEVENT])
def test_the_same_again_counts_once(service, body):
    first, second = (service["responder"].post(PATH, json=body).json() for _ in range(2))
    assert first["id"] == second["id"]
    assert not second["new"]


def test_an_id_counts_whatever_else_is_said(service):
    first = service["responder"].post(PATH, json=PLAIN | {"id": "7", "summary": "first"}).json()
    second = service["responder"].post(PATH, json=PLAIN | {"id": "7", "summary": "second"}).json()
    assert first["id"] == second["id"]
    assert told(service, first["id"])["summary"] == "first"


def test_a_cloud_event_is_what_its_data_says(service):
    media = {"Content-Type": "application/cloudevents+json"}
    body = CLOUD | {"id": "structured", "subject": "x", "anextension": "y"}
    answer = service["responder"].post(PATH, json=body, headers=media)
    row = told(service, answer.json()["id"])
    assert (row["at"], row["kind"]) == (AT, "org.example.flag.toggled")
    assert (row["service"], row["summary"]) == ("checkout", "fast checkout is on")


@pytest.mark.parametrize("way", ["bare", "structured", "binary"])
def test_a_cdevent_is_read_however_it_comes(service, way):
    event = {"id": way, "source": "/ci/tekton", "type": CDTYPE}
    context = CDEVENT["context"] | {"id": way}
    body = CDEVENT | {"context": context}
    headers = {}
    if way == "structured":
        body = {"specversion": "1.0", **event, "time": ISO, "data": body}
    if way == "binary":
        headers = {f"ce-{name}": value for name, value in event.items()}
        headers |= {"ce-specversion": "1.0", "ce-time": ISO}
    answer = service["responder"].post(PATH, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    row = told(service, answer.json()["id"])
    assert (row["at"], row["kind"], row["service"]) == (AT, "deploy", "checkout")
    assert row["version"] == "sha256:0b31b1c0"
    assert row["summary"].startswith("service/checkout upgraded in production pkg:oci/checkout")


def test_a_plain_change_in_a_binary_cloud_event(service):
    headers = {"ce-id": "9", "ce-source": "/ci", "ce-type": "org.example.deployed"}
    headers |= {"ce-specversion": "1.0", "ce-time": ISO}
    answer = service["responder"].post(PATH, json={"service": "cart"}, headers=headers)
    row = told(service, answer.json()["id"])
    assert (row["at"], row["kind"], row["service"]) == (AT, "org.example.deployed", "cart")


def cdevent(type: str) -> dict:
    return CDEVENT | {"context": CDEVENT["context"] | {"type": type}}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"service": "cart"}, "say in `kind` what it is"),
        (PLAIN | {"at": "2999-01-01T00:00:00Z"}, "it is of tomorrow"),
        (PLAIN | {"at": "2023-11-14 22:13"}, "at"),
        (PLAIN | {"vresion": "v1"}, "vresion"),
        (PLAIN | {"summary": "x" * 2001}, "summary"),
        (cdevent("dev.cdevents.testsuiterun.finished.0.2.0"), "changes nothing that runs"),
        (cdevent("dev.cdevents.pipelinerun.started.0.2.0"), "changes nothing that runs"),
        (CLOUD | {"specversion": "0.3"}, "specversion"),
        ([PLAIN], ""),
        ("deploy", ""),
        (None, ""),
    ],
)
def test_what_is_no_change_is_refused_in_words(service, body, said):
    answer = service["responder"].post(PATH, json=body)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


def test_half_of_a_binary_cloud_event_is_refused(service):
    answer = service["responder"].post(PATH, json=CDEVENT, headers={"ce-id": "1"})
    assert answer.status_code == 422
    assert "of the CloudEvent is missing or wrong" in answer.json()["detail"]


@pytest.mark.parametrize(("role", "status"), [("", 401), ("observer", 403)])
def test_who_may_not_tells_nothing(service, role, status):
    before = SentChanges(service.service.engine).within(0, 1e12)
    assert service[role].post(PATH, json=PLAIN | {"id": "theirs"}).status_code == status
    assert SentChanges(service.service.engine).within(0, 1e12) == before


def test_what_was_told_is_listed_page_by_page_newest_first(service):
    for number in range(3):
        made = PLAIN | {"id": f"page {number}", "summary": "password=hunter2hunter2"}
        assert service["sender"].post(PATH, json=made).status_code == 201
    first = service["observer"].get(PATH, params={"limit": 2}).json()
    rest = service["observer"].get(PATH, params={"limit": 500, "after": first["after"]}).json()
    numbers = [one["id"] for one in first["items"] + rest["items"]]
    assert numbers == sorted(numbers, reverse=True)
    assert (len(first["items"]), rest["after"]) == (2, "")
    newest = first["items"][0]["change"]
    assert (newest["service"], newest["at"]) == ("checkout", AT)
    assert "hunter2" not in newest["summary"]
    assert [service[role].get(PATH).status_code for role in ("", "sender")] == [401, 403]


def test_who_belongs_to_a_team_sees_nothing_of_another_teams_services(service, monkeypatch):
    owners = {"theirs": "search", "ours": "payments"}
    monkeypatch.setattr(service.service.reception, "owners", lambda: owners)
    for name in ("theirs", "Theirs", "ours", "nobodys", ""):
        service["sender"].post(PATH, json=PLAIN | {"id": f"of {name}", "service": name})
    service["admin"].put("/api/v1/teams/payments/members/observer")
    seen = service["observer"].get(PATH, params={"limit": 3}).json()["items"]
    assert [one["change"].get("service", "") for one in seen] == ["", "nobodys", "ours"]
    of_all = service["admin"].get(PATH, params={"limit": 5}).json()["items"]
    assert {"theirs", "Theirs"} <= {one["change"].get("service") for one in of_all}


def test_one_that_is_too_large_is_not_read(service):
    answer = service["sender"].post(PATH, json=PLAIN | {"diff": "x" * 70_000})
    assert answer.status_code == 413
