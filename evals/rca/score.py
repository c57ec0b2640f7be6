"""Marks of answers to root-cause cases, and figures over many of them.

Rank = number of services that score at least as high as the guilty one: ties count against the
method. AC@k: share of cases whose guilty service has rank <= k; Avg@5: mean of AC@1 to AC@5 (as in
Pham et al. 2024). Intervals: percentile bootstrap over cases (Efron 1979), 2,000 resamples.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

import numpy as np
from pydantic import BaseModel, Field

from .answer import NO_COMMIT, RcaAnswer
from .kinds import kind_right
from .reward import reward
from .truth import RcaTruth

DEEPEST = 5
RESAMPLES, SEED = 2_000, 20
SHORTEST = 7
"""Fewest characters of a sha that name a commit."""


class RcaMarks(BaseModel):
    """What one method's answer to one case is worth; means where it gave several."""

    at: list[float] = Field(description="1 where the rank is at most k, for k of 1 to 5")
    kind: float | None = Field(default=None, description="kind of fault; None: cannot be told")
    commit: float | None = Field(default=None, description="culprit right; None: does not apply")
    decoy: float | None = Field(default=None, description="an innocent commit that looks guilty")
    reward: float | None = Field(default=None, description="graded: evals/rca/reward.py")
    stated: float | None = Field(default=None, description="probability given to the first")
    first: float | None = Field(default=None, description="the first is right; None: none stated")


@dataclass(frozen=True)
class Share:
    """A mean over cases with its 95 % interval."""

    value: float
    low: float
    high: float
    n: int


def rank(scores: dict[str, float], service: str) -> int | None:
    """From 1; None where the service has no score."""
    own = scores.get(service)
    return None if own is None else sum(score >= own for score in scores.values())


def marks_of(answers: Sequence[RcaAnswer], truth: RcaTruth) -> RcaMarks:
    """The mean mark of equally good answers. Raises ValueError where there is none."""
    if not answers:
        raise ValueError("a method must answer, if only with no scores")
    each = [_marks(answer, truth) for answer in answers]
    return RcaMarks(
        at=[mean(marks.at[k] for marks in each) for k in range(DEEPEST)],
        **{
            name: _mean([getattr(marks, name) for marks in each])
            for name in ("kind", "commit", "decoy", "reward", "stated", "first")
        },
    )


def _marks(answer: RcaAnswer, truth: RcaTruth) -> RcaMarks:
    found = rank(answer.scores, truth.service)
    at = [float(found is not None and found <= k) for k in range(1, DEEPEST + 1)]
    stated = answer.probability
    kind, first = kind_right(answer.kind, truth.fault_type), None if stated is None else at[0]
    marks = RcaMarks(at=at, kind=kind, stated=stated, first=first)
    if answer.commit is None or truth.culprit_commit is None:
        return marks
    right = float(same_commit(answer.commit, truth.culprit_commit))
    decoy = float(any(same_commit(answer.commit, sha) for sha in truth.decoys))
    graded = reward(answer, truth, right=right, decoy=decoy)
    return marks.model_copy(update={"commit": right, "decoy": decoy, "reward": graded})


def same_commit(answer: str, sha: str) -> bool:
    """The sha itself or a beginning of at least seven characters; 'none' only for 'none'."""
    answer, sha = answer.strip().lower(), sha.lower()
    if NO_COMMIT in (answer, sha):
        return answer == sha
    return len(answer) >= SHORTEST and sha.startswith(answer)


def share(values: Sequence[float]) -> Share | None:
    """Mean and 95 % interval; None for no value. The same values give the same interval."""
    if not values:
        return None
    data, rng = np.asarray(values, float), np.random.default_rng(SEED)
    drawn = data[rng.integers(0, data.size, (RESAMPLES, data.size))].mean(axis=1)
    low, high = np.percentile(drawn, (2.5, 97.5))
    return Share(float(data.mean()), float(low), float(high), data.size)


def accuracy(marks: Sequence[RcaMarks], k: int) -> Share | None:
    """AC@k."""
    return share([one.at[k - 1] for one in marks])


def average(marks: Sequence[RcaMarks]) -> Share | None:
    """Avg@5."""
    return share([mean(one.at) for one in marks])


def _mean(values: Sequence[float | None]) -> float | None:
    given = [value for value in values if value is not None]
    return mean(given) if given else None
