"""What fails newly: by its words, how the call ended, and since when."""

from pathlib import Path

import pytest

from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.tests.support.benches import ReadBench
from warroom.tests.support.bundles import START
from warroom.tests.support.calling_chain import BEGIN, FINE, SECONDS, Met, since, written
from warroom.tools.base import Frame
from warroom.tools.new_failures import Way

DENIED = Met("store", "db.PermissionDenied", "permission denied for table orders\nDETAIL: row 17")


def rows(folder: Path, meets, begin: float = BEGIN) -> list[dict]:
    bundle = written(folder, meets)
    bundle.flush()
    at, end = START + begin, START + SECONDS
    frame = Frame(Window(at - 60, at), Window(at, end))
    return ReadBench(read_bundle(folder), frame).rows("new_failures")


def test_the_deepest_span_words_the_failure_and_names_the_callee(tmp_path) -> None:
    (row,) = rows(tmp_path, since(BEGIN, DENIED))
    assert (row["service"], row["callee"], row["way"]) == ("orders", "store", Way.answered)
    assert row["words"] == "PermissionDenied: permission denied for table orders"
    assert (row["before"], row["count"], row["share"]) == (0, 100, 1.0)
    assert row["since"] == pytest.approx(START + BEGIN, abs=0.1)


def test_what_always_failed_is_not_new(tmp_path) -> None:
    missing = Met("call", code=404)
    assert rows(tmp_path, since(0, missing, every=9)) == []


def test_an_everyday_answer_that_becomes_frequent_is_new(tmp_path) -> None:
    missing = Met("call", code=404)

    def meets(number: int) -> Met:
        return missing if number % (20 if number < 2 * BEGIN else 2) == 0 else FINE

    (row,) = rows(tmp_path, meets)
    assert (row["words"], row["code"], row["way"]) == ("HTTP 404", 404, Way.answered)
    assert 15 <= row["before"] <= 17
    assert row["since"] == pytest.approx(START + BEGIN, abs=3)


def test_a_server_that_refuses_leaves_its_status_unset_and_is_found(tmp_path) -> None:
    """The edge blocks a part of its customers: no span has the status of an error."""

    def meets(number: int) -> Met:
        return Met("web", code=403) if number >= 2 * BEGIN and number % 3 == 0 else FINE

    (row,) = rows(tmp_path, meets)
    assert (row["service"], row["callee"], row["code"], row["way"]) == ("web", "", 403, Way.own)
    assert row["words"] == "HTTP 403"


def test_a_begin_long_before_the_onset_that_was_read_is_found(tmp_path) -> None:
    """People call late: what looks like health is ill already."""
    (row,) = rows(tmp_path, since(90, DENIED, every=4), begin=BEGIN + 20)
    assert row["since"] == pytest.approx(START + 90, abs=1)


@pytest.mark.parametrize(
    ("message", "way"),
    [
        ("orders is unreachable: ConnectError", Way.refused),
        ("orders did not answer within 0.05 s", Way.late),
        ("couldn't get a connection after 1.50 sec", Way.pool),
        ("the answer is not JSON", Way.answered),
    ],
)
def test_three_ways_to_fail_at_a_call_are_kept_apart(tmp_path, message, way) -> None:
    met = Met("call", "http.CallFailed", message, answered=False)
    (row,) = rows(tmp_path, since(BEGIN, met))
    assert (row["way"], row["callee"], row["callee_ms"]) == (way, "orders", None)


def test_the_callees_own_side_of_a_call_that_was_given_up(tmp_path) -> None:
    met = Met("call", "http.Timeout", "orders did not answer within 0.01 s", waited_ms=10)
    (row,) = rows(tmp_path, since(BEGIN, met))
    assert (row["waited_ms"], row["callee_ms"], row["callee_failed"]) == (10, 12, False)


def test_an_error_of_its_own_and_a_lack_of_room_have_no_callee(tmp_path) -> None:
    (own,) = rows(tmp_path / "own", since(BEGIN, Met("orders", "KeyError", "'weight'")))
    full = Met("orders", "Overloaded", "request shed: all 3 workers are busy")
    (shed,) = rows(tmp_path / "full", since(BEGIN, full))
    assert (own["service"], own["way"], own["callee"]) == ("orders", Way.own, "")
    assert (shed["service"], shed["way"]) == ("orders", Way.full)


@pytest.mark.parametrize(
    ("exception", "message"),
    [
        ("starlette.requests.ClientDisconnect", ""),
        ("anyio.EndOfStream", "the client has closed the connection"),
        ("grpc.RpcError", "request cancelled by the client"),
    ],
)
def test_who_is_hung_up_on_does_not_fail(tmp_path, exception, message) -> None:
    assert rows(tmp_path / "gone", since(BEGIN, Met("web", exception, message))) == []
    cut = Met("call", "httpx.RemoteProtocolError", "peer closed connection without a body")
    assert rows(tmp_path / "cut", since(BEGIN, cut))
