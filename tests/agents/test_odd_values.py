"""Values that no sane system sends: every read tool still answers, whatever stands in telemetry."""

from pathlib import Path

import pytest

from warroom.tests.support.benches import ONSET, bench_over
from warroom.tests.support.bundles import BundleWriter

LARGEST = 1.797e308
TOOLS = (
    *("call_edges", "origin", "failure_origins", "slow_operations", "changed_paths"),
    *("added_waits", "metric_blame", "symptoms", "compare_signals", "hostile_texts"),
)


def odd_bundle(root: Path) -> Path:
    """Requests of web and cart before and after ONSET, with what breaks sums, names and links."""
    with BundleWriter(root) as bundle:
        for number in range(80):
            at = ONSET - 40 + number
            trace, big = f"t{number}", LARGEST if number > 60 else 5.0
            bundle.span(at, "web", "page", (trace, "a", ""), ms=20, weight=10**400)
            bundle.span(at, "cart", "get", (trace, "b", "a"), ms=big, peak=LARGEST, kind="internal")
            bundle.span(at, "", "nameless", (trace, "c", "a"), ms=5)
            bundle.metric(at, "queue_depth", "cart", big)
            bundle.metric(at, "queue_depth", "web", 3.0)
            bundle.metric(at, "lag_seconds", "web", float("nan") if number % 2 else 1.0)
    return root


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """One bench for all tools."""
    return bench_over(odd_bundle(tmp_path_factory.mktemp("odd") / "bundle"), 40, 40)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_answers_in_plain_values(odd, tool):
    assert odd.call(tool).summary
