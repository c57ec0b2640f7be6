"""Moves about what a service asks outside: what each kind of AI fault is answered with."""

from pathlib import Path

import pytest

from warroom.actions.catalogue import plan
from warroom.actions.configuration import SwitchProvider
from warroom.actions.inventory import Inventory, ModelUse, Part
from warroom.agents.causes.moves import moves
from warroom.agents.causes.observations import Observations
from warroom.incident.action import Execution
from warroom.incident.finding import FaultKind, Hypothesis
from warroom.tests.support.shop_bundle import write_shop
from warroom.tests.support.specialists import case_on

LARGE = ModelUse(model="large", models=["large", "small"])
AWAY = "switch provider recommendations to=fallback"
SMALLER = "switch model recommendations to=small"
WITHOUT = "answer without model recommendations"


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Observations:
    root = tmp_path_factory.mktemp("case")
    return Observations(case_on(write_shop(root / "bundle", seconds=80), root / "home"))


def with_system(seen: Observations, provider: str, use: ModelUse | None) -> None:
    parts = {
        "gateway": Part(instances=["gateway-1"], edge=True),
        "recommendations": Part(instances=["r-1"], provider=provider, ai=use),
    }
    system = Inventory(services=parts, providers=["primary", "fallback"], flags={})
    object.__setattr__(seen.case, "inventory", system)


def drafted(
    seen: Observations,
    kind: str,
    service: str,
    provider: str = "primary",
    use: ModelUse | None = LARGE,
) -> list[str]:
    with_system(seen, provider, use)
    cause = {"id": "H1", "statement": "it fails", "confidence": 0.9}
    blamed = Hypothesis.model_validate(cause | {"service": service, "kind": FaultKind(kind)})
    made = [(m.action.kind, m.target, m.parameters) for m in moves(seen, blamed)]
    return [" ".join([k, t, *(f"{n}={v}" for n, v in p.items())]) for k, t, p in made]


@pytest.mark.parametrize("kind", ["network fault", "provider outage", "unknown"])
def test_what_is_somebody_elses_is_done_without_whatever_ails_it(seen: Observations, kind: str):
    assert drafted(seen, kind, "ai-primary") == [AWAY, WITHOUT]


def test_a_model_at_fault_is_exchanged_for_a_smaller_one_first(seen: Observations):
    found = drafted(seen, "model fault", "recommendations")
    assert [move for move in found if not move.startswith(("restart", "feature"))] == [
        SMALLER,
        AWAY,
        WITHOUT,
    ]


def test_nobody_goes_back_to_a_larger_model_nor_to_what_is_blamed(seen: Observations):
    small = LARGE.model_copy(update={"model": "small"})
    assert SMALLER not in drafted(seen, "model fault", "recommendations", use=small)
    assert AWAY not in drafted(seen, "provider outage", "ai-primary", provider="fallback")


def test_a_runaway_is_capped_at_what_was_usual(seen: Observations):
    found = drafted(seen, "runaway agent", "recommendations")
    assert found[0] == "cap calls recommendations calls=2"  # it asked once for each request
    assert not any(move.startswith("cap tokens") for move in found)  # nobody counts them here


def test_who_uses_no_model_gets_no_such_move(seen: Observations):
    found = drafted(seen, "model fault", "recommendations", provider="", use=None)
    assert not any("model" in move or "provider" in move for move in found)


def test_a_service_that_was_switched_is_not_switched_back(tmp_path: Path):
    case = case_on(write_shop(tmp_path / "bundle", seconds=20), tmp_path / "home")
    seen, document = Observations(case), case.document
    with_system(seen, "primary", LARGE)
    to = {"to": "fallback"}
    made = plan(
        SwitchProvider.kind, "recommendations", to, "late", inventory=case.inventory, hypothesis=""
    )
    document.proposals.append(made)
    started = document.opened_at
    document.executions.append(Execution(plan=made.hash, title=made.title, started_at=started))
    found = drafted(seen, "model fault", "recommendations", provider="fallback")
    assert not any(move.startswith("switch provider") for move in found)
