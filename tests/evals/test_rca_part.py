"""A part of a root-cause case: what is hidden, lost, late or by another clock."""

import json

import numpy as np
import pytest

from warroom.errors import InputError
from warroom.evals.rca.bundle import write
from warroom.evals.rca.cases import WHOLE, CasePart, only, rca_cases, without
from warroom.evals.rca.metrics import measured
from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.tests.support.rca_folder import DETECTED, write_folder

ALWAYS = Window(0, 4e9)


@pytest.fixture
def shop(tmp_path):
    return rca_cases(write_folder(tmp_path / "rca"), ["shop"])[0]


@pytest.fixture
def bare(tmp_path):
    return rca_cases(write_folder(tmp_path / "rca"), ["bare"])[0]


@pytest.fixture
def shown(tmp_path):
    """A case of which a part is shown, as a bundle."""
    count = iter(range(9))
    return lambda case, part: read_bundle(write(case.seen(part), tmp_path / f"bundle{next(count)}"))


def rows(bundle):
    return {found.modality: found.rows for found in bundle.coverage()}


def starts(bundle):
    return {span.span_id: span.start for span in bundle.spans(Window(DETECTED - 60, DETECTED))}


def calls(bundle):
    return {one.name: one.depends_on for one in bundle.catalogue().services if one.depends_on}


def test_names_of_modalities():
    assert without("logs, traces") == CasePart(without=frozenset({"logs", "traces"}))
    assert only("metrics", "logs").without == {"traces", "changes", "topology"}
    with pytest.raises(InputError, match="no modality 'log'; there are: metrics, logs"):
        without("metrics,log")


@pytest.mark.parametrize("name", ["metrics", "logs", "traces", "changes"])
def test_what_is_hidden_is_not_there_and_nothing_else_changes(shop, shown, name):
    whole, found = rows(shown(shop, WHOLE)), rows(shown(shop, without(name)))
    assert whole[name] > 0
    assert found == whole | {name: 0}


def test_windows_stay_where_metrics_are_hidden(bare, shown):
    whole, found = (shown(bare, part).catalogue().windows for part in (WHOLE, without("metrics")))
    assert found.detect_s == whole.detect_s == 110


def test_hidden_topology_is_read_off_the_spans(shop, bare, shown):
    (shop.folder / "topology.csv").write_text("source,target\nweb,cart\ncart,bank\n")
    assert calls(shown(shop, WHOLE)) == {"web": ["cart"], "cart": ["bank"]}
    assert calls(shown(shop, without("topology"))) == {"web": ["cart"]}
    assert calls(shown(bare, without("topology"))) == {}


def test_every_method_sees_the_same_part(shop):
    assert measured(shop.seen(without("metrics"))).services() == []
    hidden = shop.seen(only("topology"))
    assert (hidden.baseline_logs, hidden.baseline_traces) == (None, None)
    assert [hidden.file(f"{name}.json") for name in ("changes", "alert")] == [
        None,
        shop.folder / "alert.json",
    ]


def test_a_late_detection_moves_the_windows_and_no_record(shop, tmp_path):
    parts = {"whole": WHOLE, "late": CasePart(late_s=180)}
    folders = [write(shop.seen(part), tmp_path / name) for name, part in parts.items()]
    alerts = [json.loads((f / "alert.json").read_text())["starts_at"] for f in folders]
    whole, late = map(read_bundle, folders)
    assert [text[11:19] for text in alerts] == ["22:13:20", "22:16:20"]
    assert starts(late) == starts(whole)
    ends = [b.catalogue().windows.baseline_s for b in (whole, late)]
    assert ends[1] - ends[0] == 180


def test_clocks_differ_by_service_within_the_limit(shop, shown):
    straight, skewed = starts(shown(shop, WHOLE)), starts(shown(shop, CasePart(apart_s=10)))
    moved = {key: round(skewed[key] - at, 6) for key, at in straight.items()}
    assert moved["1"] == moved["2"] != moved["3"] == moved["4"]  # web's clock and cart's
    assert max(abs(seconds) for seconds in moved.values()) <= 5
    assert starts(shown(shop, CasePart(apart_s=10))) == skewed


def test_a_share_is_lost_the_same_each_time(bare):
    whole = measured(bare).values
    found = [measured(bare.seen(CasePart(lost=0.5))).values for _ in range(2)]
    kept = np.isfinite(found[0])
    assert np.array_equal(kept, np.isfinite(found[1]))
    assert 0.2 < kept.mean() < 0.8
    assert np.array_equal(found[0][kept], whole[kept])


def test_lost_records(shop, shown):
    counts = [rows(shown(shop, CasePart(lost=lost))) for lost in (0.0, 0.5, 1.0)]
    for name in ("logs", "traces"):
        first, some, none = (count[name] for count in counts)
        assert first >= some >= none and first > none
    assert (counts[2]["metrics"], counts[2]["traces"]) == (1, 0)  # the status page is whole
    assert counts[2]["changes"] == counts[0]["changes"]


def test_without_a_baseline_nothing_is_older_than_the_window(shop, shown):
    bundle = shown(shop, CasePart(healthy=False))
    windows, begin = bundle.catalogue().windows, DETECTED - 60
    covered = [c.start for c in bundle.coverage() if c.rows and c.modality != "changes"]
    assert min(covered) >= begin
    assert windows.baseline_s == 0
    assert rows(bundle)["logs"] == 1  # the case's own line of 90 s before is gone, the page stays
