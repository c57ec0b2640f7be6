"""Links as a real browser opens them, in a zone that is not ours: the query stands on the page, and
the page asks the backend for the window of it."""

from urllib.parse import parse_qs, urlsplit

import pytest

from warroom.evals.conformance.servers import LIVE
from warroom.telemetry.model import Window
from warroom.telemetry.sources.datasource import Datasource
from warroom.telemetry.sources.links import link_of
from warroom.telemetry.sources.source import Asked
from warroom.tests.support.chromium import chromium
from warroom.tests.support.real_servers import REAL
from warroom.tests.support.ways import RUN

WINDOW = Window(1_700_000_000.0, 1_700_003_600.0)
PROMQL = 'sum by (code) (rate(http_requests_total{service="a b&c#d"}[5m])) > 0'
SERIES = PROMQL, "**/api/v1/query_range*", ("1700000000", "1700003640")
PAGES = {
    "Prometheus": SERIES,
    "VictoriaMetrics of 2026": SERIES,
    "VictoriaLogs": (
        '"service.name":in("a b&c#d") !(_msg:~"(?i)error+")',
        "**/select/logsql/query",
        ("2023-11-14T22:13:20.000000000Z", "2023-11-14T23:14:00.000000000Z"),
    ),
}
WAYS = [
    pytest.param("Prometheus", marks=pytest.mark.live),
    *(
        pytest.param(name, marks=[pytest.mark.conformance, RUN])
        for name in ("VictoriaMetrics of 2026", "VictoriaLogs")
    ),
]


@pytest.mark.parametrize("name", WAYS)
def test_a_link_shows_its_query_and_window_in_any_zone(name, tmp_path):
    query, asks, span = PAGES[name]
    if not LIVE[name].program:
        pytest.skip(f"{name} is not installed")
    server = REAL[name](tmp_path)
    source = Datasource.model_validate({"name": "a", "type": server.kind, "url": server.where})
    try:
        with chromium() as browser:
            page = browser.new_page(timezone_id="Europe/Berlin")
            with page.expect_request(asks) as caught:
                page.goto(link_of(source, Asked("x", query), WINDOW))
            asked = caught.value
            shown = [one.input_value() for one in page.query_selector_all("input, textarea")]
    finally:
        server.close()
    assert query in shown
    told = parse_qs(urlsplit(asked.url).query) | parse_qs(asked.post_data or "")
    assert (told["query"], told["start"], told["end"]) == ([query], [span[0]], [span[1]])
