"""The whole response over recordings that lack something or are damaged: it ends, names the
guilty service where the rest still shows it, and is not sure of anything where nothing does."""

import pytest

from warroom.analysis.fusion import CONCLUSIVE
from warroom.evals.rca.cases import CasePart, only, without
from warroom.tests.support import recording_damage as damage
from warroom.tests.support.fault_folder import Said, said_of
from warroom.tests.support.fault_recordings import Fault, recorded

pytestmark = pytest.mark.thorough

SLOW, NETWORK, EXCEPTION, CALL, CPU = Fault


def first(said: Said, fault: Fault) -> bool:
    """The guilty service is named first, and concluded on."""
    return said.first == recorded(fault).guilty and said.sure >= CONCLUSIVE


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        (SLOW, without("metrics")),  # spans show who takes longer
        (EXCEPTION, without("logs")),  # spans say that they fail
        (SLOW, without("traces")),  # its latency rose more than that of those it calls
        (NETWORK, without("topology")),  # who calls whom is read off the spans
        (CALL, only("traces")),
        (EXCEPTION, only("metrics", "topology")),  # failures are followed along the calls
        (CPU, only("metrics")),  # one service alone is not as usual
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "-".join(sorted(value.without)),
)
def test_what_is_left_shows_the_guilty_service(fault, part):
    assert first(said_of(recorded(fault), part), fault)


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        (CALL, only("metrics", "topology")),  # less traffic has no owner
        (SLOW, only("logs")),  # the lines are the same ones
        (CPU, only("traces")),  # requests go as before
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else "-".join(sorted(value.without)),
)
def test_what_is_left_shows_nothing_and_nothing_is_concluded(fault, part):
    assert said_of(recorded(fault), part).sure < CONCLUSIVE


@pytest.mark.parametrize("fault", [SLOW, EXCEPTION])
def test_without_a_healthy_time_nothing_is_concluded_and_that_is_said(fault):
    said = said_of(recorded(fault), CasePart(healthy=False))
    assert said.sure < CONCLUSIVE
    assert "healthy time to compare with" in said.lacking


@pytest.mark.parametrize(
    ("fault", "part"),
    [
        (EXCEPTION, CasePart(late_s=-180)),
        (SLOW, CasePart(late_s=180)),
        (NETWORK, CasePart(apart_s=30)),  # durations are taken by one clock
        (EXCEPTION, CasePart(lost=0.2)),
        (CALL, CasePart(lost=0.2)),  # lost spans look like calls that nobody made; these stay fewer
    ],
    ids=["early", "late", "clocks", "lost-exception", "lost-call"],
)
def test_late_skewed_and_thinned_recordings_still_show_it(fault, part):
    assert first(said_of(recorded(fault), part), fault)


@pytest.mark.parametrize(
    ("fault", "broken"),
    [
        (CALL, damage.orphans),
        (EXCEPTION, damage.loops),
        (NETWORK, damage.twice),
        (CALL, damage.same_ids),
        (SLOW, damage.unmeasured),
        (EXCEPTION, damage.constant),
        (EXCEPTION, damage.unlinked),  # the failed spans are left
    ],
    ids=lambda value: value.name if isinstance(value, Fault) else value.__name__,
)
def test_broken_links_ids_and_values_leave_the_rest(fault, broken):
    assert first(said_of(broken(recorded(fault))), fault)


def test_one_request_proves_less_than_many():
    whole, found = said_of(recorded(CALL)), said_of(damage.one_request(recorded(CALL)))
    assert found.sure < CONCLUSIVE < whole.sure
    assert "healthy time" not in whole.lacking


@pytest.mark.parametrize("broken", [damage.unmeasured, damage.constant])
def test_metrics_that_say_nothing_blame_nobody(broken):
    said = said_of(broken(recorded(SLOW)), only("metrics", "topology"))
    assert said.sure < CONCLUSIVE


def test_nothing_recorded_blames_nobody_and_says_what_is_missing():
    said = said_of(damage.nothing(recorded(SLOW)))
    assert said.scores == {}
    assert all(f"{name}: " in said.lacking for name in ("metrics", "logs", "traces"))
