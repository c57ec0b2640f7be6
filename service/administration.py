"""API v1 for the installation itself: who may ask, whether the audit log is whole."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from ..incident.identity import Vouched, token_holder
from ..record import audit
from ..record.switches import EVERYTHING, Switch, Switches
from ..record.tokens import Role, Token
from .auth import Admin, Commander, Observer, Responder
from .forms import MadeToken, Name, NewToken, Reason, Target
from .service import Service, service_of

At = Annotated[Service, Depends(service_of)]
ADMINISTER = APIRouter(tags=["administration"])


@dataclass(frozen=True)
class Me:
    """Whoever asks: their name, what they may, how that is known, whose incidents they see, and
    what they may about those of each team."""

    name: str
    role: Role
    vouched: Vouched
    teams: list[str]
    role_in: dict[str, Role]


@ADMINISTER.get("/me")
def who_am_i(who: Observer) -> Me:
    """Whoever asks."""
    teams = sorted(who.teams)
    roles = {team: who.role_in(team) if who.role_in else who.role for team in teams}
    return Me(who.name, who.role, who.identity.vouched, teams, roles)


@ADMINISTER.get("/tokens")
def list_tokens(service: At, _who: Admin) -> list[Token]:
    """All that were ever made, without themselves."""
    return service.tokens.all()


@ADMINISTER.post("/tokens", status_code=201)
def create_token(service: At, who: Admin, form: NewToken) -> MadeToken:
    """A new one; shown this once. Sent again it is 422: the name is taken."""
    name = token_holder(form.name).name  # a name that only code decides under is no one's
    text = service.tokens.create(name, form.role, by=str(who.identity))
    return MadeToken(name=form.name, token=text)


@ADMINISTER.delete("/tokens/{name}", status_code=204)
def revoke_token(service: At, who: Admin, name: Name) -> None:
    """Worth nothing from now on."""
    service.tokens.revoke(name, by=str(who.identity))


@ADMINISTER.get("/audit")
def verify_audit(
    service: At,
    _who: Admin,
    head: Annotated[
        str, Query(pattern=r"^([0-9]{1,15}:[0-9a-f]{64})?$", description="as written down before")
    ] = "",
) -> audit.Audited:
    """Read the whole log and check every seal; `fault` is empty where it is whole."""
    return audit.verify(service.engine, head)


@ADMINISTER.get("/switches")
def list_switches(service: At, _who: Observer) -> list[Switch]:
    """Every switch that was ever turned; `effects` is that of the whole installation."""
    return Switches(service.engine).all()


@ADMINISTER.post("/switches/off")
def stop_effects(service: At, who: Responder, form: Reason, target: Target = EVERYTHING) -> Switch:
    """Stop every new action, or those on one target, within a second. Messages go on."""
    return Switches(service.engine).turn(True, who.identity, form.reason, target)


@ADMINISTER.post("/switches/on")
def allow_effects(service: At, who: Commander, form: Reason, target: Target = EVERYTHING) -> Switch:
    """Let what is approved go on."""
    return Switches(service.engine).turn(False, who.identity, form.reason, target)
