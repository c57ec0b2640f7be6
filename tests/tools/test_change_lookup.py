"""Changes looked up: of a time, whole, and what a deploy brought."""

from dataclasses import replace

import pytest

from warroom.errors import ToolRetry
from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.tests.support.benches import ONSET, ReadBench, bench_over
from warroom.tests.support.bundles import BundleWriter
from warroom.tests.support.recorded import unpacked
from warroom.tools.base import Frame

LONG = "\n".join(f"+line {n}" for n in range(2_000))
DAY = 86_400.0


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> ReadBench:
    """The recorded bad deploy: v1.4.2 of checkout one second before the first failure."""
    bundle = read_bundle(unpacked("bad-deploy", tmp_path_factory.mktemp("recorded")))
    [begun] = [c.at for c in bundle.changes(Window(0, 4e9)) if c.version == "v1.4.2"]
    return ReadBench(bundle, Frame(Window(begun - 45, begun + 1), Window(begun + 1, begun + 20)))


@pytest.fixture(scope="module")
def monorepo(tmp_path_factory: pytest.TempPathFactory) -> ReadBench:
    """Commits of one repository, of which a deploy names the last that it holds."""
    root = tmp_path_factory.mktemp("monorepo")
    with BundleWriter(root) as bundle:
        for n in range(6):
            bundle.change(ONSET - 6_000 + 1000 * n, "commit", "", f"c0ffee{n}")
        bundle.change(ONSET - 4_900, "deploy", "cart", "c0ffee1", version="v1")
        bundle.change(ONSET - 1_500, "deploy", "cart", "c0ffee3", version="v2", previous="v1")
        bundle.change(ONSET - 500, "deploy", "mail", "build-9", version="m2", diff=LONG)
        bundle.change(ONSET - 60, "flag", "cart", "dark-mode")
        bundle.change(ONSET + 5, "restart", "cart", "cart-1")
    return bench_over(root)


def test_the_changes_of_a_time_and_a_service(shop: ReadBench) -> None:
    rows = shop.rows("changes_between", start="-1h", service="checkout")
    assert [(row["kind"], row["version"]) for row in rows[:1]] == [("deploy", "v1.4.2")]
    assert rows[0]["seconds_before"] == 1.0
    assert "code.strip().upper()" in rows[0]["diff"]
    assert {row["service"] for row in rows} == {"checkout"}


def test_what_was_delivered_before_the_onset_comes_first(monorepo: ReadBench) -> None:
    ids = [row["id"] for row in monorepo.rows("changes_between")]
    assert ids[:4] == ["dark-mode", "build-9", "c0ffee3", "c0ffee1"]
    assert ids[4] == "cart-1"
    assert ids[5:] == [f"c0ffee{n}" for n in (5, 4, 3, 2, 1, 0)]
    flags = monorepo.rows("changes_between", kind="flag")
    assert [row["id"] for row in flags] == ["dark-mode"]
    with pytest.raises(ToolRetry, match="no change of kind 'deployment' then; there is deploy"):
        monorepo.rows("changes_between", kind="deployment")


def test_changes_stand_by_what_they_may_matter(monorepo: ReadBench) -> None:
    """After the onset last; delivered before committed; of the alert's service, then near."""
    frame = replace(monorepo.frame, service="mail", onset=ONSET - 1_200)
    bench = replace(monorepo, frame=frame)
    ids = [row["id"] for row in bench.rows("changes_between")]
    assert ids[:2] == ["c0ffee3", "c0ffee1"], "deploys of another service, the nearest first"
    assert ids[2:7] == [f"c0ffee{n}" for n in (4, 3, 2, 1, 0)]
    assert ids[7:] == ["build-9", "dark-mode", "cart-1", "c0ffee5"]
    later = replace(bench, frame=replace(frame, onset=ONSET))
    assert [row["id"] for row in later.rows("changes_between")][:2] == ["build-9", "dark-mode"]


def test_a_change_is_shown_whole(shop: ReadBench, monorepo: ReadBench) -> None:
    [row] = shop.rows("change_diff", id="df04b29e")
    assert (row["service"], row["version"]) == ("checkout", "v1.4.2")
    assert row["files"] == "shop/pricing.py"
    [whole] = monorepo.rows("change_diff", id="m2")
    assert whole["diff"] == LONG


def test_one_change_of_many_services_is_one_row(shop: ReadBench) -> None:
    [row] = shop.rows("change_diff", id="v1.4.1")
    assert row["service"].split(", ")[:2] == ["gateway", "login"]
    [alone] = shop.rows("change_diff", id="v1.4.1", service="login")
    assert alone["service"] == "login"


def test_what_a_deploy_brought_is_told_by_the_id_it_names(monorepo: ReadBench) -> None:
    table = monorepo.call("deploy_contents", version="v2")
    told = [(row.record()["id"], row.record()["known_by"]) for row in table.rows]
    assert told == [("c0ffee3", "id"), ("c0ffee2", "time")]
    assert "since v1" in table.summary
    assert monorepo.rows("deploy_contents", version="c0ffee3")[0]["version"] == "v2"


def test_what_is_known_by_time_alone_says_so(monorepo: ReadBench) -> None:
    table = monorepo.call("deploy_contents", version="m2")
    assert {row.record()["known_by"] for row in table.rows} == {"time"}
    assert table.summary.endswith("brought 6 commits; known by time alone")
    assert "no earlier one is known" in table.summary


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("change_diff", {"id": "build-8"}, "no change 'build-8'; there is build-9"),
        ("change_diff", {"id": "c0f"}, "no change 'c0f'"),
        ("deploy_contents", {"version": "v3"}, "no deploy 'v3'; there is v"),
    ],
)
def test_what_is_not_there_is_answered_with_what_is(
    monorepo: ReadBench, tool: str, arguments: dict[str, str], said: str
) -> None:
    with pytest.raises(ToolRetry, match=said):
        monorepo.call(tool, **arguments)
