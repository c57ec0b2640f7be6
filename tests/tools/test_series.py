"""Signals and any recorded metric, at the times of their samples."""

from pathlib import Path

import pytest

from warroom.errors import ToolRetry
from warroom.tests.support.benches import ONSET, ReadBench, bench_over, shop_bench
from warroom.tests.support.bundles import START, BundleWriter


@pytest.fixture(scope="module")
def scraped(tmp_path_factory: pytest.TempPathFactory) -> ReadBench:
    """Scrapes every 5 s, 2 s into each; a gauge that no catalogue knows steps at START + 62."""
    root = tmp_path_factory.mktemp("scraped")
    with BundleWriter(root) as bundle:
        for n in range(16):
            at = START + 5 * n + 2
            bundle.metric(at, "up", "cart", 1)
            bundle.metric(at, "process_resident_memory_bytes", "cart", 1e6 * (1 + n))
            bundle.metric(at, "letters_waiting", "cart", 400 if n >= 12 else 2, queue="mail")
            bundle.metric(at, "letters_waiting", "cart", 1, queue="bills")
            bundle.metric(at, "mails_total", "cart", 10 * n)
    return bench_over(root)


def test_times_are_those_of_the_samples(scraped: ReadBench) -> None:
    rows = scraped.rows("signal_series", signal="memory_bytes", service="cart")
    assert {(row["ts"] - START) % 5 for row in rows} == {2.0}
    first = next(row for row in rows if row["value"] == 1e6 * 13)
    assert first["ts"] == START + 62


def test_what_is_in_no_catalogue_is_shown_as_it_was_recorded(scraped: ReadBench) -> None:
    rows = scraped.rows("signal_series", signal="letters_waiting", service="cart")
    assert {row["service"] for row in rows} == {"cart"}
    assert rows[0]["labels"] == "queue=mail", "what moved comes first"
    risen = next(row for row in rows if row["value"] == 400)
    assert risen["ts"] == START + 62
    alone = scraped.rows("signal_series", signal="letters_waiting", labels='queue="bills"')
    assert {row["labels"] for row in alone} == {"queue=bills"}


def test_a_counter_tells_its_rate(scraped: ReadBench) -> None:
    rows = scraped.rows("signal_series", signal="mails_total")
    assert rows[0]["per_s"] is None
    assert {row["per_s"] for row in rows[1:]} == {2.0}


def test_a_time_may_be_asked_for(scraped: ReadBench) -> None:
    rows = scraped.rows("signal_series", signal="letters_waiting", labels="queue=mail", start="+0s")
    assert min(row["ts"] for row in rows) == ONSET + 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            {"signal": "letters_waitin"},
            "nothing is recorded as 'letters_waitin'; there is letters_waiting, ",
        ),
        ({"signal": "letters_waiting", "labels": "queue=x"}, "labels are queue bills, mail"),
        ({"signal": "letters_waiting", "labels": "queue"}, "written name=value"),
        ({"signal": "letters_waiting", "service": "card"}, "known are cart"),
    ],
)
def test_a_wrong_name_is_answered_with_what_there_is(
    scraped: ReadBench, arguments: dict[str, str], said: str
) -> None:
    with pytest.raises(ToolRetry, match=said):
        scraped.call("signal_series", **arguments)


def test_a_known_signal_without_values_says_so(scraped: ReadBench) -> None:
    table = scraped.call("signal_series", signal="login_rate", service="cart")
    assert (list(table.rows), table.summary) == ([], "no login_rate of cart in 65 s")


def test_a_spike_survives_when_there_are_fewer_points(tmp_path: Path) -> None:
    bench = shop_bench(tmp_path, "errors", "payments")
    rows = bench.rows("signal_series", service="payments", signal="error_rate", points=20)
    assert len(rows) == 20
    assert [row["ts"] for row in rows] == sorted(row["ts"] for row in rows)
    assert rows[0]["value"] < 0.1
    assert rows[-1]["value"] > 0.3
