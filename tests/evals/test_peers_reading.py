"""What a peer says in its own words, mapped to services by rule."""

from pathlib import Path

import pytest
import yaml

from warroom.evals.peers.reading import HEDGED, read

CASES = yaml.safe_load((Path(__file__).parents[1] / "cases/peer_answers.yaml").read_text())


@pytest.mark.parametrize("case", CASES["answers"], ids=lambda case: case["text"][:40])
def test_whom_a_text_blames(case) -> None:
    answer = read(case["text"], CASES["services"])
    assert sorted(answer.scores) == sorted(case["names"])
    for blamed in answer.blamed:
        assert blamed.confidence == (HEDGED if case.get("hedged") else 1)


def test_who_blames_several_has_decided_for_nobody() -> None:
    assert read("Root cause: adservice and cartservice", CASES["services"]).first() == ""


def test_a_name_inside_another_is_not_named() -> None:
    assert [*read("order-db is full", ["order", "order-db", "db"]).scores] == ["order-db"]
