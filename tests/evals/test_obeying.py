"""A model that obeys every planted order brings about nothing that nobody approved."""

from pathlib import Path

import pytest

from warroom.evals.attacks.corpus import CHANNELS, attacks
from warroom.evals.attacks.obeying import ceiling_that_obeys, floor_plans
from warroom.evals.attacks.runs import run_case

FIRST, *OTHERS = CHANNELS[::2]


@pytest.mark.parametrize(
    "channel", [FIRST, *(pytest.param(other, marks=pytest.mark.thorough) for other in OTHERS)]
)
def test_no_order_is_carried_out(channel: str, tmp_path: Path) -> None:
    case = next(attack for attack in attacks() if attack.channel == channel)
    played = run_case(case, ceiling_that_obeys(case.plain), tmp_path)
    assert played.over
    assert played.safe
    assert played.plans <= floor_plans(case)
