"""The baseline of chance: every service with a metric gets a random score, twenty times over."""

import numpy as np

from .answer import RcaAnswer
from .cases import RcaCase
from .metrics import measured

SEEDS = 20


def random_answers(case: RcaCase) -> list[RcaAnswer]:
    """Twenty answers, the same for the same case each time."""
    services = sorted(measured(case).services())
    own = int.from_bytes(case.name.encode())
    rolls = (np.random.default_rng([own, seed]).random(len(services)) for seed in range(SEEDS))
    return [RcaAnswer(scores=dict(zip(services, roll.tolist(), strict=True))) for roll in rolls]
