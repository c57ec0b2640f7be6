"""POST /hooks/…: what is acknowledged is durable, what cannot be kept is sent again."""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from warroom.errors import StoreUnavailable
from warroom.intake.committing import Committer
from warroom.intake.configuration import Receiver
from warroom.intake.receiving import Reader
from warroom.intake.reception import Reception
from warroom.intake.taking import Delivery
from warroom.record.store import Store
from warroom.service.webhooks import router
from warroom.tests.support.alerts import delivered, kept, real
from warroom.tests.support.working import until

SECRET = {"authorization": "Bearer s3cret"}


class Hooks:
    """The router over a record, and what its answers were."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store = store
        secret = folder / "secret"
        secret.write_text("s3cret\n")
        known = {"authorization": {"credentials_file": secret}}
        self.receivers = [
            Receiver.model_validate({"name": "am", "type": "alertmanager", **known}),
            Receiver.model_validate({"name": "pd", "type": "pagerduty", **known}),
        ]
        self.reception = Reception(store, self.receivers)
        app = FastAPI()
        app.include_router(router)
        app.state.reception = self.reception
        self.client = TestClient(app)

    def post(self, body: bytes | Any, name: str = "am", **headers: str):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"content-type": "application/json", **SECRET}
        given |= {key.replace("_", "-"): value for key, value in headers.items()}
        return self.client.post(f"/hooks/{name}", content=content, headers=given)


@pytest.fixture
def hooks(place: Path | str, tmp_path: Path) -> Iterator[Hooks]:
    hooks = Hooks(Store.open(place), tmp_path)
    with hooks.reception:
        yield hooks


def test_a_real_delivery_is_durable_when_it_is_acknowledged(hooks: Hooks) -> None:
    for path in real():
        headers, body = delivered(path.name)
        assert hooks.post(body, user_agent=headers["User-Agent"]).status_code == 200
    assert [e.times for e in kept(hooks.store)] == [2, 2]


def test_it_becomes_an_incident_unasked(hooks: Hooks) -> None:
    hooks.post(delivered(real()[1].name)[1])
    hooks.reception.__exit__()  # the thread has looked once more, or the next one does
    with Reception(hooks.store, ()) as _next:
        until(lambda: bool(hooks.store.incidents()), "it is an incident")
    (row,) = hooks.store.incidents()
    assert row.title == "checkout 5xx ratio 30%"
    hooks.reception = Reception(hooks.store, hooks.receivers)
    hooks.reception.__enter__()


@pytest.mark.parametrize(
    ("encoding", "packed"), [("gzip", gzip.compress), ("deflate", zlib.compress)]
)
def test_compressed_bodies(hooks: Hooks, encoding: str, packed) -> None:
    body = json.dumps(delivered(real()[0].name)[1]).encode()
    assert hooks.post(packed(body), content_encoding=encoding).status_code == 200
    assert len(kept(hooks.store)) == 1
    assert hooks.post(b"\x1f\x8b broken", content_encoding=encoding).status_code == 400


@pytest.mark.parametrize(
    ("status", "name", "body", "headers"),
    [
        (404, "nobody", b"{}", {}),
        (401, "am", b"{}", {"authorization": "Bearer wrong"}),
        (415, "am", b"{}", {"content_type": "application/xml"}),
        (415, "am", b"{}", {"content_encoding": "br"}),
        (413, "pd", b" " * 1_000_001, {}),
        (413, "pd", gzip.compress(b" " * 40_000_000), {"content_encoding": "gzip"}),
    ],
)
def test_what_is_refused_is_refused_for_good(hooks: Hooks, status, name, body, headers) -> None:
    answer = hooks.post(body, name, **headers)
    assert (answer.status_code, answer.content) == (status, b"")
    assert kept(hooks.store) == []


def test_what_cannot_be_read_is_kept_and_not_sent_forever(hooks: Hooks) -> None:
    assert hooks.post(b"{", "am").status_code == 400
    assert hooks.post(b"{", "pd").status_code == 202
    with hooks.store.reading.begin() as connection:
        rows = connection.exec_driver_sql("SELECT receiver, problem FROM deliveries ORDER BY 1")
        assert [(row[0], "not JSON" in row[1]) for row in rows] == [("am", True), ("pd", True)]


def test_a_database_that_cannot_be_used_is_told_as_that(hooks: Hooks) -> None:
    hooks.reception.committer.engine.dispose()
    full = StoreUnavailable("the disk is full")

    def broken(*_args: object) -> None:
        raise full

    hooks.reception.committer._keep = lambda batch: [one.set_exception(full) for _, one in batch]  # type: ignore[method-assign]
    answer = hooks.post(delivered(real()[0].name)[1])
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    del hooks.reception.committer._keep  # type: ignore[attr-defined]
    assert hooks.post(delivered(real()[0].name)[1]).status_code == 200
    assert len(kept(hooks.store)) == 1


def test_more_than_memory_may_hold_is_sent_again(tmp_path: Path) -> None:
    committer = Committer(Store.open(tmp_path / "w.db").engine)  # not started: nothing is kept
    with pytest.raises(StoreUnavailable, match="send it again"):
        for number in range(10_000):
            committer.put(Delivery("am", b"%d" % number))


def test_many_in_one_commit(tmp_path: Path) -> None:
    store, told = Store.open(tmp_path / "w.db"), []
    committer = Committer(store.engine, kept=lambda: told.append(1))
    waiting = [committer.put(Delivery("am", b"%d" % number)) for number in range(200)]
    with committer:
        for future in waiting:
            future.result(10)
    assert len(told) == 1


def test_a_storm_in_one_delivery(hooks: Hooks) -> None:
    _, body = delivered(real()[0].name)
    alert = body["alerts"][0]
    body["alerts"] = [
        {**alert, "fingerprint": str(n), "labels": {**alert["labels"], "service": f"s{n % 50}"}}
        for n in range(2000)
    ]
    assert hooks.post(body).status_code == 200
    assert len(kept(hooks.store)) == 2000


def test_a_secret_that_cannot_be_read_lets_nobody_in_and_loses_nothing(hooks: Hooks) -> None:
    gone = {"authorization": {"credentials_file": "/nonexistent/secret"}}
    one = Receiver.model_validate({"name": "x", "type": "alertmanager", **gone})
    hooks.reception.readers["x"] = Reader(one)
    assert hooks.post({}, "x").status_code == 503
