"""The rolling store of telemetry that was sent to us: bounds, what leaves first, what survives."""

import json
from pathlib import Path

import pytest

from warroom.errors import InputError, StoreUnavailable
from warroom.telemetry import rolling
from warroom.telemetry.rolling import RollingStore, read_notes, segments
from warroom.tests.support.bundles import START


class Clock:
    now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock):
    made = RollingStore(tmp_path / "kept", 1, 1, clock)
    yield made
    made.close()


def log(second: float, message: str = "x", service: str = "cart") -> dict:
    return {"service": service, "message": message, "ts": START + second}


def messages(store: RollingStore, modality: str = "logs") -> list[str]:
    texts = (path.read_text() for path in segments(store.root, modality))
    return [json.loads(line)["message"] for text in texts for line in text.splitlines()]


def test_rows_lie_by_their_own_minute_whenever_they_come(store):
    store.add("logs", [log(0, "one"), log(90, "three")])
    store.add("logs", [log(10, "two")])
    assert messages(store) == ["one", "two", "three"]
    assert list(segments(store.root, "logs").values()) == [START // 60 * 60, START // 60 * 60 + 60]


def test_a_line_begins_with_what_it_is_found_by(store):
    store.add("logs", [log(0) | {"trace_id": "ab"}])
    (path,) = segments(store.root, "logs")
    assert path.read_text().startswith(
        f'{{"ts": {START}, "service": "cart", "trace_id": "ab", "message"'
    )


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (log(0) | {"ts": None}, "without ts"),
        (log(0) | {"message": ""}, "without message"),
        (log(0, service=""), "without service.name"),
        (log(-3601), "older than the 1 h that are kept"),
        (log(700), "from a clock more than 10 min ahead of ours: set it"),
    ],
)
def test_what_is_no_row_of_now_is_refused_with_the_reason(store, row, why):
    assert store.add("logs", [log(0, "good"), row, row]) == {why: 2}
    assert messages(store) == ["good"]
    assert read_notes(store.root).refused == {"logs": {why: START}}


def test_what_is_too_old_leaves_and_is_noted(store, clock):
    store.add("logs", [log(0, "old"), log(120, "new")])
    clock.now += 3600 + 90
    store.prune()
    assert messages(store) == ["new"]
    assert read_notes(store.root).left == {"logs": START // 60 * 60 + 60}


def test_a_flood_of_one_kind_drives_out_its_own_oldest(store, clock):
    store.add("traces", [SPAN | {"start": START}])
    for minute in range(20):
        clock.now = START + 60 * minute
        store.add("logs", [log(60 * minute, f"{minute} {'x' * 100_000}")])
    kept = [int(text.partition(" ")[0]) for text in messages(store)]
    assert kept == list(range(kept[0], 20))
    assert 0 < kept[0] < 12
    assert len(segments(store.root, "traces")) == 1
    size = sum(path.stat().st_size for path in store.root.rglob("*.jsonl"))
    assert size <= store.bytes
    notes = read_notes(store.root)
    assert notes.left == {"logs": START // 60 * 60 + 60 * kept[0]}


SPAN = {"trace_id": "a", "span_id": "b", "service": "cart", "duration_ms": 1.0}


def test_a_flood_within_one_minute_is_bound_too(store):
    for number in range(40):
        store.add("logs", [log(1, f"{number} {'x' * 50_000}")])
    kept = [int(text.partition(" ")[0]) for text in messages(store)]
    assert kept == list(range(kept[0], 40))
    assert len(kept) > 10


def test_what_was_kept_is_there_after_a_crash_without_the_half_line(store, clock):
    store.add("logs", [log(0, "one")])
    (path,) = segments(store.root, "logs")
    with path.open("a") as file:
        file.write('{"ts": 17000')
    store.lock.close()  # as the end of the process does
    again = RollingStore(store.root, 1, 1, clock)
    again.add("logs", [log(1, "two")])
    assert messages(again) == ["one", "two"]
    again.close()


def test_two_do_not_write_into_one_folder(store, clock):
    with pytest.raises(InputError, match="end what else receives telemetry there"):
        RollingStore(store.root, 1, 1, clock)


def test_a_folder_that_cannot_be_made_is_said(tmp_path, clock):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"otlp\.folder"):
        RollingStore(tmp_path / "file", 1, 1, clock)


def test_the_reserve_of_the_disk_is_left_alone(store, monkeypatch):
    monkeypatch.setattr(rolling, "LEAST_FREE", 2**62)
    with pytest.raises(StoreUnavailable, match="the disk has less than"):
        store.add("logs", [log(0)])
    assert messages(store) == []


def test_all_or_none_is_written(store):
    store.add("logs", [log(0, "one")])
    (store.root / "logs" / f"{int(START) // 60 * 60 + 60:010d}-000.jsonl").mkdir()
    with pytest.raises(StoreUnavailable):
        store.add("logs", [log(1, "two"), log(70, "three")])
    store.root.joinpath("logs", f"{int(START) // 60 * 60 + 60:010d}-000.jsonl").rmdir()
    assert messages(store) == ["one"]


def test_others_may_not_read_it(store):
    store.add("logs", [log(0)])
    assert store.root.stat().st_mode & 0o077 == 0
