"""What other agents may ask of us by MCP: to read incidents and what proves them, to have an alert
looked into, to propose. Deciding is no tool: that is a person's, elsewhere. Each goes through the
same door as the API's routes.
"""

from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any

from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field, JsonValue
from sqlalchemy.exc import SQLAlchemyError

from ..app.asking_for import put_action, raise_alert
from ..app.by_hand import INCIDENT, WORD
from ..app.related import related
from ..errors import StoreError, WarroomError
from ..incident.lifecycle import State
from ..incident.memory import signs_of
from ..incident.severity import Severity
from ..incident.timeline import Event
from ..record import lists
from ..record.ledger import Request
from ..record.lists import Page
from ..record.memories import like
from ..record.store import IncidentRow
from ..record.tokens import Role
from .auth import Who, seen
from .mcp_views import Analysis, Cause, Proof, Shown, Told, told
from .problems import Refused
from .service import Service

Door = Callable[[Context], tuple[Service, Who]]
"""Who asks whom, by what came with the request."""
Id = Annotated[str, Field(pattern=INCIDENT, description="of the incident, INC-…")]
EvidenceId = Annotated[str, Field(pattern=r"^E[1-9][0-9]{0,8}$")]
First = Annotated[int, Field(ge=0, le=10**6, description="begin with this one")]
Most = Annotated[int, Field(ge=0, le=200)]
Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=WORD)]
Word = Annotated[str, Field(max_length=200, pattern=rf"^$|{WORD}")]
Labels = Annotated[dict[Word, Word], Field(max_length=40, description="as the alert has them")]


def _answered(tool: Callable[..., Any]) -> Callable[..., Any]:
    """Every error of ours in words; the record's own trouble names hosts, and stays here."""

    @wraps(tool)
    def answer(*given: Any, **named: Any) -> Any:
        try:
            return tool(*given, **named)
        except Refused as error:
            raise ToolError(error.detail) from error
        except (StoreError, SQLAlchemyError) as error:
            raise ToolError("the record cannot be used now: try again") from error
        except WarroomError as error:
            raise ToolError(str(error)) from error

    return answer


class Tools:
    """The tools, each by its method's name."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.reads = [self.list_incidents, self.get_incident, self.get_analysis]
        self.reads += [self.get_timeline, self.get_evidence]
        self.asks = [self.start_triage, self.propose_action]

    def _in(self, ctx: Context, needed: Role, incident: str = "") -> tuple[Service, Who]:
        """As for a route that takes this role. Raises Refused, NotFound for another team's."""
        service, who = self.door(ctx)
        if incident:
            seen(service, who, incident)
        own = who.role_in(service.teams.team_of(incident)) if incident and who.role_in else who.role
        if not own.may(needed):
            raise Refused(403, f"this takes the role {needed} or above")
        return service, who

    @_answered
    def list_incidents(
        self,
        ctx: Context,
        state: list[State] | None = None,
        severity: list[Severity] | None = None,
        after: Word = "",
        limit: Annotated[int, Field(ge=1, le=100)] = 20,
    ) -> Told[Page[IncidentRow]]:
        """Incidents, newest first; of these states and severities only, where some are named.
        `after` of a page begins the next one; times in unix seconds."""
        service, who = self._in(ctx, Role.observer)
        only = (state or (), severity or (), after, limit, who.sight)
        return told(Page[IncidentRow], lists.incidents(service.engine, *only))

    @_answered
    def get_incident(self, ctx: Context, incident: Id) -> Told[Shown]:
        """Where an incident stands: alert, leading cause, what was found and done, what waits for a
        person."""
        service, _who = self._in(ctx, Role.observer, incident)
        page = f"{service.configuration.server.url}/incidents/{incident}"
        waiting = service.record.waiting(incident)
        return told(Shown, Shown.of(service.record.published(incident), waiting, page))

    @_answered
    def get_analysis(self, ctx: Context, incident: Id) -> Told[Analysis]:
        """Competing causes with the evidence for and against each, findings, what could not be
        seen, related incidents and earlier ones that are alike."""
        service, who = self._in(ctx, Role.observer, incident)
        document, kept = service.record.published(incident), service.record.incident(incident)
        found = Analysis(
            causes=[Cause.of(one) for one in document.hypotheses],
            findings=document.findings,
            gaps=document.gaps,
            related=related(service.store, kept, who.sight),
            seen_before=like(service.engine, who.sight, incident, signs_of(kept)),
        )
        return told(Analysis, found)

    @_answered
    def get_timeline(
        self, ctx: Context, incident: Id, first: First = 0, most: Most = 100
    ) -> Told[list[Event]]:
        """What happened, who did it and by which evidence it is known, in order."""
        service, _who = self._in(ctx, Role.observer, incident)
        lines = service.record.published(incident).timeline
        return told(list[Event], lines[first : first + most])

    @_answered
    def get_evidence(
        self, ctx: Context, incident: Id, evidence: EvidenceId, first: First = 0, most: Most = 50
    ) -> Told[Proof]:
        """What a claim rests on, by its evidence id: the question to telemetry, and its rows."""
        service, _who = self._in(ctx, Role.observer, incident)
        record = service.record.evidence(incident, evidence)
        payload = service.record.payload(record)
        found = payload.get("rows", []) if isinstance(payload, dict) else []
        shown = [row for row in found[first : first + most] if isinstance(row, dict)]
        return told(Proof, Proof(record=record, rows=shown, first=first, total=len(found)))

    @_answered
    def start_triage(
        self,
        ctx: Context,
        name: Text,
        service: Word,
        summary: Text,
        severity: Word = "warning",
        labels: Labels | None = None,
    ) -> Told[dict[str, bool]]:
        """Have an alert looked into: the incidents that have it now, and whether each is new. None:
        it is silenced, or another team's. Told again it changes nothing; twelve an hour."""
        here, who = self._in(ctx, Role.responder)
        said = {"name": name, "service": service, "severity": severity, "summary": summary}
        around = (here.reception.calls(), here.reception.owners())
        found = raise_alert(here.store, {**said, "labels": labels or {}}, who.identity, *around)
        mine = {one: new for one, new in found.items() if here.teams.sees(who.sight, one)}
        return told(dict[str, bool], mine)

    @_answered
    def propose_action(
        self,
        ctx: Context,
        incident: Id,
        action: Word,
        target: Word,
        reason: Text,
        parameters: dict[Word, JsonValue] | None = None,
    ) -> Told[Request]:
        """File an action of the catalogue, such as `restart` or `roll back` of a service, as a
        proposal under your name. A commander decides; what does not fit is answered with what
        would."""
        service, who = self._in(ctx, Role.responder, incident)
        here = (service.settings, service.store, service.sources, incident)
        asked = put_action(*here, (action, target, parameters or {}), reason, who.identity)
        return told(Request, asked)
