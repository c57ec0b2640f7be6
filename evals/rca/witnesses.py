"""Two witnesses on root-cause cases: how often the playbooks, the model by itself, and what follows
from both were right; what it took; and each one's reliability by the kind of evidence at hand, as
agents/reasoning/witnesses.yaml has it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean

from ..framework.grid import NOTHING, ResultGrid
from .answers import RcaAnswer
from .marks import same_commit
from .results import RcaEvaluation, RcaRun

FLOOR, MODEL = "floor", "model"
RIGHT = "right: the commit, or 'none', where the case has commits; else the service"
COUNTS = (
    "[right, answered] of first causes: what witnesses.yaml holds; a share is (r + 1) / (n + 2)"
)


@dataclass(frozen=True)
class Heard:
    """One case that both witnesses answered."""

    floor: RcaRun
    final: RcaRun

    @property
    def right(self) -> tuple[bool, bool, bool]:
        """Of the playbooks, of the model's own word, of the answer that follows from both."""
        word = self.final.answer.heard if self.final.answer else None
        own = RcaAnswer(scores={word.service: 1.0} if word and word.service else {})
        own.commit = word.commit if word else None
        return _right(self.floor, self.floor.answer), _right(self.final, own), self._final

    @property
    def _final(self) -> bool:
        return _right(self.final, self.final.answer)


def _right(run: RcaRun, answer: RcaAnswer | None) -> bool:
    if answer is None:
        return False
    if run.culprit is not None:
        return same_commit(answer.commit or "", run.culprit)
    return answer.first() == run.guilty


def heard(found: RcaEvaluation) -> list[Heard]:
    """The cases that a model and the playbooks both answered."""
    floors = {(run.set, run.id): run for run in found.of(FLOOR) if run.answer}
    return [
        Heard(floors[run.set, run.id], run)
        for run in found.of(MODEL)
        if run.answer and run.answer.heard and (run.set, run.id) in floors
    ]


def witness_grids(found: RcaEvaluation) -> list[ResultGrid]:
    """Case by case, and how often each was right by the kind of evidence; none without a model."""
    cases = heard(found)
    return [_cases(cases), _reliability(cases)] if cases else []


def _cases(cases: Sequence[Heard]) -> ResultGrid:
    rows = [
        [f"{case.final.set}/{case.final.id}", *map(_mark, case.right), *_use(case)]
        for case in cases
    ]
    sums = [f"{sum(case.right[who] for case in cases)} of {len(cases)}" for who in range(3)]
    rows.append(["all", *sums, *_uses(cases)])
    heads = ["case", "floor right", "model right", "final right", "tokens", "money", "calls"]
    return ResultGrid("Two witnesses", heads, rows, [RIGHT])


def _mark(right: bool) -> str:
    return "✓" if right else "✖"


def _use(case: Heard) -> list[str]:
    word = case.final.answer.heard if case.final.answer else None
    if word is None:
        return [NOTHING] * 3
    money = NOTHING if word.money is None else f"{word.money:.4f}"
    return [f"{word.tokens:,}", money, str(word.calls)]


def _uses(cases: Sequence[Heard]) -> list[str]:
    words = [case.final.answer.heard for case in cases if case.final.answer]
    known = [word for word in words if word]
    money = [word.money for word in known if word.money is not None]
    total = f"{sum(money):.4f}" if len(money) == len(known) else NOTHING
    tokens, calls = mean(word.tokens for word in known), mean(word.calls for word in known)
    return [f"{tokens:,.0f} each", total, f"{calls:.0f} each"]


def _reliability(cases: Sequence[Heard]) -> ResultGrid:
    rows = [[*key, *values] for key, *values in _counts(cases)]
    heads = ["model", "evidence", "model", "playbook: a change", "playbook: other"]
    return ResultGrid("Reliability of each witness", heads, rows, [COUNTS])


def _counts(cases: Sequence[Heard]) -> Iterator[tuple[tuple[str, str], str, str, str]]:
    """By model and kind of evidence; a playbook that named nobody has not answered."""
    groups: dict[tuple[str, str], list[Heard]] = defaultdict(list)
    for case in cases:
        word = case.final.answer.heard if case.final.answer else None
        if word and word.service:
            groups[word.model, word.basis].append(case)
    for key, group in sorted(groups.items()):
        named = [case for case in group if case.floor.answer and case.floor.answer.first()]
        blaming = [case for case in named if _blames_change(case)]
        others = [case for case in named if not _blames_change(case)]
        yield key, _count(group, 1), _count(blaming, 0), _count(others, 0)


def _blames_change(case: Heard) -> bool:
    answer = case.floor.answer
    return bool(answer and answer.commit and answer.commit != "none")


def _count(cases: Sequence[Heard], who: int) -> str:
    return f"[{sum(case.right[who] for case in cases)}, {len(cases)}]"
