"""A switch away from a failing provider: verified where it is used, and never taken back."""

from pathlib import Path

from warroom.actions.catalogue import plan
from warroom.actions.configuration import SwitchProvider
from warroom.actions.inventory import Inventory, Part
from warroom.agents.causes.observations import Observations
from warroom.agents.causes.remedies import propose
from warroom.agents.health.symptoms import decisive
from warroom.incident.finding import Argument, FaultKind, Hypothesis
from warroom.telemetry.model import Catalogue, Service
from warroom.tests.support.incidents import minimal
from warroom.tests.support.shop_bundle import write_shop
from warroom.tests.support.specialists import case_on


def inventory(provider: str) -> Inventory:
    using = Part(instances=["recommendations-1"], provider=provider)
    return Inventory(services={"recommendations": using}, providers=["primary", "fallback"])


def blamed() -> Hypothesis:
    return Hypothesis(
        id="H1",
        statement="ai-primary refuses calls",
        service="ai-primary",
        kind=FaultKind.provider_quota,
        support=[Argument(text="it refuses", weight=3)],
        confidence=0.9,
        resource="recommendations",
    )


def moves(tmp_path: Path, provider: str) -> list[str]:
    case = case_on(write_shop(tmp_path / "bundle", seconds=20), tmp_path / "home")
    object.__setattr__(case, "inventory", inventory(provider))
    plans, _ = propose(Observations(case), [blamed()])
    return [made.title for made in plans]


def test_the_switch_leads_away_from_the_blamed_provider(tmp_path: Path) -> None:
    assert moves(tmp_path, "primary") == ["switch provider recommendations (to=fallback)"]


def test_what_was_switched_is_not_switched_back(tmp_path: Path) -> None:
    assert moves(tmp_path, "fallback") == []


def test_it_is_verified_where_it_is_used_not_at_the_third_party() -> None:
    document = minimal()
    document.hypotheses = [blamed()]
    document.alert = document.alert.model_copy(update={"service": "ai-primary"})
    made = plan(
        SwitchProvider.kind,
        "recommendations",
        {"to": "fallback"},
        "quota",
        inventory=inventory("primary"),
        hypothesis="H1",
    )
    document.proposals = [made]
    catalogue = Catalogue(
        services=[
            Service(name="gateway", kind="edge"),
            Service(name="recommendations"),
            Service(name="ai-primary", kind="external"),
        ]
    )
    assert decisive(document, catalogue, made) == [
        "gateway/error_rate",
        "gateway/latency_p95",
        "gateway/throttled_rate",
        "recommendations/error_rate",
        "recommendations/latency_p95",
        "recommendations/ai_error_share",
    ]
