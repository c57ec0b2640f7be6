"""What the system does not offer is not proposed, and the incident says so."""

from pathlib import Path

import pytest

from warroom.actions.catalogue import CATALOGUE
from warroom.actions.inventory import Inventory, Part
from warroom.actions.services import Reroute, Restart
from warroom.incident.action import ActionKind
from warroom.targets.stand_ins import Rehearsal
from warroom.targets.survey import Recorded
from warroom.tests.support.responses import begin, inventory, room_over


def with_spare(offered: list[ActionKind]) -> Inventory:
    """The payments that hang could be restarted, or routed around."""
    spare = Part(instances=["payments-1"], spares=["payments-2"])
    services = {**inventory().services, "payments": spare}
    return Inventory(services=services, offered=offered)


@pytest.mark.parametrize(
    ("offered", "proposed"),
    [(list(CATALOGUE), {Restart.kind, Reroute.kind}), ([Restart.kind], {Restart.kind})],
)
def test_only_what_is_offered_is_proposed(
    tmp_path: Path, offered: list[ActionKind], proposed: set[ActionKind]
) -> None:
    known = with_spare(offered)
    context = room_over(tmp_path, hands=Rehearsal(known))
    context.survey = Recorded(known, {})
    _response, incident = begin(context)
    document = context.store.load(incident)
    assert {plan.kind for plan in document.proposals if plan.target == "payments"} == proposed
    said = {gap.what for gap in document.gaps}
    assert ("reroute payments" in said) is (Reroute.kind not in offered)
