"""Marks of answers to root-cause cases, and figures over many of them.

Rank = number of services that score at least as high as the guilty one: ties count against the
method. AC@k: share of cases whose guilty service has rank <= k; Avg@5: mean of AC@1 to AC@5 (as in
Pham et al. 2024).
"""

from collections.abc import Collection, Sequence
from statistics import mean

from pydantic import BaseModel, Field

from ...actions.configuration import FlagOff, SwitchProvider
from ...actions.services import Reroute, RollBack, Scale
from ...incident.action import ActionKind
from ...incident.finding import FaultKind
from ..framework.statistics import MeanShare, share
from .answers import NO_COMMIT, RcaAnswer
from .truth import RcaTruth

DEEPEST = 5
SHORTEST = 7
"""Fewest characters of a sha that name a commit."""


class RcaMarks(BaseModel):
    """What one method's answer to one case is worth; means where it gave several."""

    at: list[float] = Field(description="1 where the rank is at most k, for k of 1 to 5")
    kind: float | None = Field(default=None, description="kind of fault; None: cannot be told")
    commit: float | None = Field(default=None, description="culprit right; None: does not apply")
    decoy: float | None = Field(default=None, description="an innocent commit that looks guilty")
    reward: float | None = Field(default=None, description="graded by `reward`")
    stated: float | None = Field(default=None, description="probability given to the first")
    first: float | None = Field(default=None, description="the first is right; None: none stated")


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


def accuracy(marks: Sequence[RcaMarks], k: int) -> MeanShare | None:
    """AC@k."""
    return share([one.at[k - 1] for one in marks])


def average(marks: Sequence[RcaMarks]) -> MeanShare | None:
    """Avg@5."""
    return share([mean(one.at) for one in marks])


def _mean(values: Sequence[float | None]) -> float | None:
    given = [value for value in values if value is not None]
    return mean(given) if given else None


CODE = {
    *(FaultKind.bad_deploy, FaultKind.slow_release, FaultKind.bad_config),
    FaultKind.application,
}
OUTSIDE = {
    *(FaultKind.traffic_surge, FaultKind.provider_outage, FaultKind.provider_quota),
    *(FaultKind.dependency_outage, FaultKind.data_corruption, FaultKind.credential_attack),
    *(FaultKind.certificate, FaultKind.node, FaultKind.disk_full),
}
"""What comes over a system without anybody changing it."""
ALLOWED: dict[str, set[FaultKind]] = {
    "cpu_contention": {FaultKind.cpu_saturation},
    "cpu_consumed": {FaultKind.cpu_saturation},
    "network_delay": {FaultKind.network},
    "exception": CODE,
    "return": CODE,
    "code": CODE,
    "operational": OUTSIDE,
}


def kind_right(said: str, fault_type: str) -> float | None:
    """1 where the kind is one of those allowed, 0 where not; None where nothing can be said."""
    allowed = ALLOWED.get(fault_type)
    return None if allowed is None or not said else float(said in {k.value for k in allowed})


REMEDIES: dict[str, frozenset[ActionKind]] = {
    "rollback": frozenset({RollBack.kind}),
    "config-revert": frozenset({RollBack.kind, FlagOff.kind}),
    "scale": frozenset({Scale.kind}),
    "failover": frozenset({SwitchProvider.kind, Reroute.kind}),
    "purge-bad-data": frozenset(),
}
"""Which of our actions do what the set's word says. We have none that throws records away: rows
repaired from a backup are another thing. An empty one, or a word not listed, is never right."""


def reward(answer: RcaAnswer, truth: RcaTruth, *, right: float, decoy: float) -> float:
    """The reward of an answer whose commit is `right`, or a `decoy`, or neither (1 or 0 each)."""
    if right or decoy:
        return right
    named = answer.first()
    hurt = set(answer.affected) - {named}  # the truth does not count the guilty one either
    graded = 0.5 * (named == truth.service) + 0.3 * jaccard(hurt, set(truth.blast_radius))
    return 0.5 * (graded + 0.2 * remedy_right(answer.remedy, truth.remediation))


def jaccard(one: Collection[str], other: Collection[str]) -> float:
    """Shared over all (Jaccard 1901); 1 where both are empty."""
    union = {*one, *other}
    return len({*one} & {*other}) / len(union) if union else 1.0


def remedy_right(action: str, word: str) -> bool:
    """Whether the action proposed first does what the set's word says."""
    return action in REMEDIES.get(word, frozenset())
