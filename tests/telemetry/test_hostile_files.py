"""Files that are made to hurt: lines without end, links that lead out, numbers beyond reason."""

import json
from pathlib import Path

import pytest

from warroom.errors import BundleError
from warroom.telemetry.bundle import open_bundle, parse_catalogue, read_bundle
from warroom.telemetry.grid import MOST_CELLS, Grid, grid_step
from warroom.telemetry.model import Window
from warroom.telemetry.records import RECORD_BYTES, Records, log_record
from warroom.telemetry.sources import files
from warroom.telemetry.sources.files import Files
from warroom.telemetry.sources.source import SourceQuery
from warroom.tests.support.bundles import START, BundleWriter

ALL = Window(0, 4e9)


def problem(root: Path, modality: str) -> str:
    return next(c.problem for c in read_bundle(root).coverage() if c.modality == modality)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> int:
    """Lines may be of a thousand bytes, batches of four thousand."""
    monkeypatch.setattr(files, "LONGEST_LINE", 1000)
    monkeypatch.setattr(files, "CHUNK_BYTES", 4000)
    return 1000


def test_a_line_without_end_is_read_once_and_kept_never(tmp_path, short):
    writer = BundleWriter(tmp_path)
    file = tmp_path / "logs" / "cart.jsonl"
    file.write_bytes(b"x" * 50 * short)
    source, batch = Files(tmp_path, "logs"), Files(tmp_path, "logs").read(SourceQuery())
    while batch.more:
        batch = source.read(SourceQuery(after=batch.after))
        assert batch.lines == b""
    place = batch.after["cart.jsonl"]
    assert (place.offset, place.half, place.endless) == (50 * short, 0, 1)
    with file.open("ab") as out:
        out.write(b"y")
    again = source.read(SourceQuery(after=batch.after)).after["cart.jsonl"]
    assert again.offset == 50 * short + 1  # the byte that came, and none of those before it
    with file.open("ab") as out:
        out.write(b"\n")
    writer.log(START, "cart", "short")
    writer.flush()
    assert [log.message for log in read_bundle(tmp_path).logs(ALL)] == ["short"]
    assert "a line of more than" in problem(tmp_path, "logs")


def test_what_comes_behind_an_endless_line_is_read(tmp_path, short):
    BundleWriter(tmp_path)
    good = json.dumps({"ts": START, "message": "behind"})
    lines = f'{{"ts": 1, "message": "{"x" * 9 * short}"}}\n{good}\n'
    (tmp_path / "logs" / "cart.jsonl").write_text(lines)
    assert [log.message for log in read_bundle(tmp_path).logs(ALL)] == ["behind"]


def test_links_that_lead_out_are_not_followed(tmp_path):
    secret = tmp_path / "secret.jsonl"
    secret.write_text(json.dumps({"ts": START, "message": "secret"}) + "\n")
    root = tmp_path / "bundle"
    with BundleWriter(root) as writer:
        writer.log(START, "cart", "ours")
    (root / "logs" / "more.jsonl").symlink_to(secret)
    assert [log.message for log in read_bundle(root).logs(ALL)] == ["ours"]
    assert "more.jsonl is a link that leads out of the bundle" in problem(root, "logs")


def test_a_catalogue_behind_a_link_is_refused(tmp_path):
    outside = tmp_path / "outside.json"
    outside.write_text('{"services": []}')
    root = tmp_path / "bundle"
    BundleWriter(root)
    (root / "catalogue.json").unlink()
    (root / "catalogue.json").symlink_to(outside)
    with pytest.raises(BundleError, match="leads out of the bundle"):
        open_bundle(root)


def test_a_catalogue_that_breaks_later_leaves_the_last_good_one(tmp_path):
    BundleWriter(tmp_path, {"services": [{"name": "cart"}]})
    recorder = open_bundle(tmp_path)
    (tmp_path / "catalogue.json").write_text("{")
    assert [one.name for one in recorder.advance().catalogue().services] == ["cart"]


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ({"windows": {"baseline_s": 1e12}}, "windows.baseline_s"),
        ({"windows": {"detect_s": float("nan")}}, "windows.detect_s"),
        ({"windows": {"verify_s": -1}}, "windows.verify_s"),
        ({"services": [{"name": "a", "instances_max": 10**9}]}, "services.0.instances_max"),
        ({"services": [{"name": "a", "limits": {"x": float("inf")}}]}, "services.0.limits.x"),
        ({"rules": [{"name": "a", "kind": "threshold", "window_s": 1e12}]}, "rules.0.window_s"),
        ({"rules": [{"name": "a", "kind": "x", "warning": float("nan")}]}, "rules.0.warning"),
    ],
)
def test_numbers_beyond_reason_are_refused_by_field(content, where):
    with pytest.raises(BundleError, match=rf"{where}: .*; correct this field"):
        parse_catalogue(json.loads(json.dumps(content)))


def test_a_grid_grows_coarser_not_larger():
    day = Window(0.0, 86_400.0)
    for days in (1, 7, 20_000):
        window = Window(0.0, days * day.seconds)
        assert Grid.over(window, grid_step([], window)).cells <= MOST_CELLS
    assert grid_step([], Window(0, 600)) == 1.0


def test_records_are_kept_by_their_size(tmp_path):
    with BundleWriter(tmp_path) as writer:
        for second in range(20):
            writer.log(START + second, "cart", "x" * 1000)
    recording = read_bundle(tmp_path)
    records = Records("logs", log_record, most=5 * (1000 + RECORD_BYTES))
    for row in range(20):
        records.fetch(recording.tables.db, [row])
        assert len(records.seen) <= 6
