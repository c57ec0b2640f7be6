"""The graded reward of rootcausebench: something for half the way to the guilty commit.

1 where the commit is right, 0 where a decoy is named, else 0.5 x (0.5 service right + 0.3 Jaccard
index of the services that are hurt + 0.2 remediation right), as the benchmark's own scorer has it.
"""

from collections.abc import Collection

from ...actions.flag_off import FlagOff
from ...actions.reroute import Reroute
from ...actions.roll_back import RollBack
from ...actions.scale import Scale
from ...actions.switch_provider import SwitchProvider
from ...incident.action import ActionKind
from .answer import RcaAnswer
from .truth import RcaTruth

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
