"""Whether the right earlier incident is the first: recorded drills and unannounced faults of one
shop as a stream. Which ones are the same again was written down before anything was compared."""

import pytest

from warroom.agents.causes.history import COUNTS
from warroom.evals.memory import (
    Past,
    bm25,
    compared,
    fitted,
    memory_grid,
    newest,
    ours,
    scored,
    stream,
)
from warroom.tests.support.house import ROOT

SHARED = ROOT.parent / "shared/data/unannounced"
HURT = ["alert A", "checkout hurt", "begins in checkout", "error_rate of checkout"]


def past(name: str, service: str, signs: list[str], text: str) -> Past:
    return Past(name, service, signs, text)


MADE = [
    past("bad-flag", "checkout", [*HURT, "error Price"], "checkout raises on prices of volume"),
    past("x", "search", ["alert S", "search hurt"], "search is slow"),
    past("03b8a03a", "checkout", [*HURT, "error Price"], "checkout raises on prices of volume"),
    past("y", "checkout", ["alert M", "stock hurt"], "disk of stock is full"),
]
"""The third is the first again, as evals/again.yaml has it; the others are new."""


def test_each_method_tells_of_earlier_ones_alone_the_best_first():
    for method in (ours, bm25, newest):
        told = [[name for _worth, name in found] for found in method(MADE)]
        assert told[0] == [] and told[2][0] == "bad-flag", method
        assert all(name not in told[n] for n, one in enumerate(MADE) for name in [one.name])


def test_right_and_false_are_counted_by_hand():
    asked = [
        ("a", [(0.9, "p"), (0.5, "q")], ["p"]),
        ("b", [(0.6, "q")], ["p"]),
        ("c", [(0.6, "q")], []),
        ("d", [], []),
    ]
    assert scored(asked) == {"again": 2, "new": 2, "right": 1, "false": 1}
    assert scored(asked, 0.7) == {"again": 2, "new": 2, "right": 1, "false": 0}
    assert fitted(asked) == 0.9, "one right and nothing false; lower is one false more"
    found = compared(MADE, 1)
    assert found["ours"] == {"again": 1, "new": 3, "right": 1, "false": 0}
    assert found["newest of its service"] == {"again": 1, "new": 3, "right": 1, "false": 1}
    grid = memory_grid(MADE, 3)
    assert grid.rows[0][:3] == ["ours", "1 of 1", "0 of 3"] and len(grid.rows) == 3


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Past]:
    unannounced = SHARED if SHARED.is_dir() else None
    return list(stream(tmp_path_factory.mktemp("stream"), unannounced))


@pytest.mark.thorough
def test_the_right_earlier_one_is_the_first(found: list[Past]):
    told = compared(found, 0)
    mine, trivial = told["ours"], told["newest of its service"]
    assert mine["right"] >= trivial["right"] and mine["false"] < trivial["false"]
    asked = [(one.name, ranked, []) for one, ranked in zip(found, ours(found), strict=True)]
    assert scored(asked, COUNTS)["false"] - mine["right"] <= 0.1 * len(found)
