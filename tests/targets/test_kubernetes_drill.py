"""A roll-out that goes wrong, as a real control plane told it: named, undone through the gate,
verified. `make conformance` makes the tape anew."""

from pathlib import Path

import pytest

from warroom.incident.action import Verdict
from warroom.incident.lifecycle import State
from warroom.tests.support.cluster_drill import assert_named_undone_verified, responded
from warroom.tests.support.cluster_tape import TAPE, Player, played


@pytest.fixture(autouse=True)
def _asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """With each step, however soon it comes."""
    monkeypatch.setattr("warroom.telemetry.sources.clusters.FRESH_S", 0.0)


def cluster(player: Player, mode: str = "act") -> dict:
    return {"name": "prod", "url": player.where, "namespaces": ["shop"], "mode": mode}


def test_it_is_named_undone_and_verified(tmp_path: Path) -> None:
    with played() as player:
        document = responded(tmp_path, cluster(player), Verdict.approved, player.now, 0.01)
        assert len(player.written) == 1
    assert_named_undone_verified(document)


def test_rejected_nothing_is_touched(tmp_path: Path) -> None:
    with played() as player:
        document = responded(tmp_path, cluster(player), Verdict.rejected, player.now, 0.01)
        assert not [one for one in player.asked if one.method != "GET"]
    assert not document.executions


def test_a_cluster_that_is_only_read_is_explained_and_left_alone(tmp_path: Path) -> None:
    with played() as player:
        document = responded(tmp_path, cluster(player, "read"), Verdict.approved, player.now, 0.01)
        assert not [one for one in player.asked if one.method != "GET"]
    assert document.state is not State.resolved
    leading = document.leading()
    assert leading is not None and leading.resource == "Deployment shop/web"


def test_the_tape_is_small_and_holds_no_secret() -> None:
    text = TAPE.read_text()
    assert len(text) < 300_000
    assert "Authorization" not in text
    assert "/shop/secrets" not in text
