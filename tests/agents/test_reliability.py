"""How often witnesses were right: by the evidence at hand, an installation's own figures first."""

from pathlib import Path

import pytest

from warroom.agents.causes.calibration import Basis
from warroom.agents.reasoning.causes import strengths
from warroom.agents.reasoning.reliability import Reliability, own_table, share, table
from warroom.errors import TableError
from warroom.incident.finding import FaultKind
from warroom.tools.base import REGISTRY, Effect


def test_few_cases_make_nobody_sure() -> None:
    assert share((0, 0)) == 0.5
    assert share((1, 1)) < share((20, 20)) < 1


def test_a_model_that_nobody_measured_has_the_stated_share() -> None:
    assert Reliability(Basis.requests, "new-model").of_model == table().unmeasured


def test_an_installations_own_figures_win_and_go_by_the_longest_name(tmp_path: Path) -> None:
    text = "models:\n  gpt: {requests: [1, 10]}\n  gpt-5: {requests: [9, 10]}\n"
    (tmp_path / "witnesses.yaml").write_text(text)
    own = own_table(tmp_path)
    assert Reliability(Basis.requests, "gpt-5-2025-08-07", own).of_model == share((9, 10))
    assert Reliability(Basis.requests, "gpt-4", own).of_model == share((1, 10))
    assert Reliability(Basis.metrics, "gpt-4", own).of_model == table().unmeasured


def test_a_table_that_cannot_be_read_says_where(tmp_path: Path) -> None:
    (tmp_path / "witnesses.yaml").write_text("modles: {}\n")
    with pytest.raises(TableError, match=r"witnesses.yaml.*modles|modles"):
        own_table(tmp_path)
    assert own_table(tmp_path / "nowhere") is None


def test_blaming_a_change_is_trusted_by_its_own_figures() -> None:
    change = ("cart", FaultKind.bad_deploy, "abcdef1")
    other = ("cart", FaultKind.disk_full, "")
    trust = Reliability(Basis.requests, "m").trust([change, other])
    assert trust.playbook[change] < trust.playbook[other]


def test_every_tool_whose_rows_a_model_may_cite_has_a_strength() -> None:
    reads = {name for name, tool in REGISTRY.items() if tool.effect is Effect.read}
    assert set(strengths()) == reads
