"""API v1 for what people change of an incident by hand; each answers the document as it is then."""

from typing import Annotated, Any

from fastapi import APIRouter

from ..app.by_hand import ACTS, Act, Form
from ..app.related import Related, related
from ..app.runbooks import fitting
from ..incident.document import Incident
from ..incident.memory import signs_of
from ..plans.matching import Match
from ..record.memories import Alike, like
from .api import masked
from .auth import At, IncidentId, Observer, Who, may, seen
from .service import Service

BY_HAND = APIRouter(tags=["by hand"])


def do(act: Act, service: Service, who: Who, incident: str, said: Form) -> str:
    """Which incident to look at then. Raises Refused, InputError, LifecycleError, NotFound."""
    for other in act.others(said):
        seen(service, who, other, act.needs)  # it is changed too
    return act.do(service.store, incident, said, who.identity)


def _route(act: Act) -> None:
    def change(service: At, who: Any, incident: IncidentId, form: Any) -> Incident:
        return service.record.published(do(act, service, who, incident, form))

    change.__annotations__ |= {"who": Annotated[Who, may(act.needs)], "form": act.form}
    more = {"name": act.name, "description": act.about, "status_code": act.status}
    BY_HAND.add_api_route(f"/incidents/{{incident}}/{act.path}", change, methods=["POST"], **more)


for _act in ACTS:
    _route(_act)


@BY_HAND.get("/incidents/{incident}/runbooks")
def list_runbooks(service: At, _who: Observer, incident: IncidentId) -> list[Match]:
    """Which fit it, the best first, and why."""
    return masked(fitting(service.store, service.record.incident(incident)))


@BY_HAND.get("/incidents/{incident}/related")
def list_related(service: At, who: Observer, incident: IncidentId) -> list[Related]:
    """Which others may have to do with it, how strong that is and why."""
    return masked(related(service.store, service.record.incident(incident), who.sight))


@BY_HAND.get("/incidents/{incident}/seen-before")
def list_seen_before(service: At, who: Observer, incident: IncidentId) -> list[Alike]:
    """Earlier ones that are like it, by which signs, and what became of them."""
    signs = signs_of(service.record.incident(incident))
    return masked(like(service.engine, who.sight, incident, signs))
