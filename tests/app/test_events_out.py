"""Events as CloudEvents, over real HTTP: in order, at least once, under one id, signed."""

import json
import time
from pathlib import Path

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_structured_event

from warroom.app.configuration_file import NAMED
from warroom.app.events_out import tell_followers
from warroom.incident.events import Acknowledged, PersonActed, StepStarted
from warroom.intake.authentication import Request, Signature
from warroom.notify.configuration import SIGNATURE, TIMESTAMP
from warroom.record.events import EventLog
from warroom.record.followers import Followers, Turn
from warroom.record.leases import shared_clock
from warroom.record.outbox import TAKEN_S
from warroom.record.store import Store
from warroom.tests.support.hooks import Hook, hook
from warroom.tests.support.incidents import minimal

KEY = "whsec-4f1d"
SAID = PersonActed(by="ann", act="note", text="password=hunter2hunter2")


@pytest.fixture
def store(place: Path | str) -> Store:
    found = Store.open(place)
    found.create(minimal())
    return found


@pytest.fixture
def bus(store, tmp_path, monkeypatch):
    """Somebody's web hook, configured, that has heard nothing yet."""
    with hook() as there:
        (tmp_path / "key").write_text(KEY)
        sink = {"name": "bus", "url": f"{there.url}/in", "signing_secret_file": "key"}
        told = {
            "notifications": {"events": [sink]},
            "server": {"external_url": "https://w.example"},
        }
        (tmp_path / "warroom.yaml").write_text(json.dumps(told))
        monkeypatch.setenv(NAMED, str(tmp_path / "warroom.yaml"))
        assert not tell(store), "what happened before it was configured is not told"
        yield there


def tell(store: Store) -> int:
    """How many turns were taken, each to its end."""
    begun = tell_followers(store)
    for thread in begun:
        thread.join()
    return len(begun)


def happens(store: Store, *events) -> None:
    for event in events:
        EventLog(store.engine).append("INC-1", event, 1764500000.5)


def heard(bus: Hook) -> list:
    """As the official SDK reads them."""
    pairs = zip(bus.headers, bus.bodies, strict=True)
    return [from_structured_event(HTTPMessage(headers, body)) for headers, body in pairs]


def test_each_event_is_told_once_in_order(store, bus):
    happens(store, StepStarted(step=1, specialist="triage", attempt=1), SAID)
    assert tell(store) == 1 and tell(store) == 0
    first, second = heard(bus)
    assert first.get_type() == "dev.warroom.incident.step_started"
    assert (first.get_source(), first.get_subject()) == ("https://w.example", "INC-1")
    assert first.get_time().timestamp() == 1764500000.5
    assert first.get_data()["specialist"] == "triage"
    assert first.get_extension("sequence") < second.get_extension("sequence")
    assert second.get_data()["by"] == "ann" and b"hunter2" not in bus.bodies[1]


def test_it_is_signed_as_our_receivers_check(store, bus):
    happens(store, SAID)
    tell(store)
    ((headers, body),) = zip(bus.headers, bus.bodies, strict=True)
    signature = Signature(SIGNATURE, timestamp=TIMESTAMP)
    assert signature.fits(Request(headers, body), [b"old", KEY.encode()], time.time())
    assert not signature.fits(Request(headers, body + b" "), [KEY.encode()], time.time())


def test_what_was_not_taken_comes_again_under_its_id(store, bus):
    happens(store, SAID, Acknowledged(by="ann"))
    bus.status = 503
    assert tell(store) == 1 and len(bus.bodies) == 1
    followers = Followers(store.engine)
    assert "503" in followers.errors()["cloudevents:bus"]
    assert tell(store) == 0, "not at once"
    turn, bus.status = later(followers, 5), 200
    assert turn
    followers.told(turn, turn.position)
    assert tell(store) == 1
    failed, again, after = heard(bus)
    assert failed.get_id() == again.get_id() != after.get_id()
    assert not followers.errors() and tell(store) == 0


def test_a_redirect_is_not_followed(store, bus):
    bus.status, bus.location = 307, f"{bus.url}/elsewhere"
    happens(store, SAID)
    tell(store)
    assert bus.paths == ["/in"]


def test_of_two_processes_one_tells_and_the_other_takes_over_when_it_dies(store, bus):
    happens(store, SAID)
    one, other = Followers(store.engine), Followers(store.engine)
    turn = one.turn("cloudevents:bus")
    assert turn and other.turn("cloudevents:bus") is None and tell(store) == 0
    taken = later(other, TAKEN_S + 1)
    assert taken and taken.position == turn.position
    one.told(turn, turn.position + 1)  # it was only asleep: its word counts no more
    other.told(taken, taken.position)
    assert tell(store) == 1 and len(bus.bodies) == 1


def later(followers: Followers, seconds: float) -> Turn | None:
    """The turn as somebody would get it then."""
    followers.clock = lambda connection: shared_clock(connection) + seconds
    turn = followers.turn("cloudevents:bus")
    followers.clock = shared_clock
    return turn
