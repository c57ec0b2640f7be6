"""What somebody asks for who does not decide: an alert of theirs looked into, an action put before
the commander. Each is audited under their name, and nobody asks more often than people can read.
"""

import time
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, func, select

from ..actions.catalogue import plan as checked_plan
from ..errors import InputError, ToolError
from ..incident.action import ActionPlan
from ..incident.document import Incident
from ..incident.identity import Identity
from ..incident.timeline import utc_now
from ..intake.handing import hand_over
from ..intake.scopes import Calls, Owners
from ..record import audit
from ..record.ledger import Request
from ..record.store import Store
from ..record.tables import AUDIT
from ..record.waking import wake
from ..settings import Settings
from ..telemetry.alerts import parse_alerts
from .configuration import Sources
from .decisions import opened
from .lifecycle import change_in

MOST, WITHIN = 12, timedelta(hours=1)
"""Of each kind, by one identity."""
TOLD, PROPOSED = "raise alert", "propose action"


def raise_alert(
    store: Store,
    told: Mapping[str, Any],
    by: Identity,
    calls: Calls | None = None,
    owners: Owners | None = None,
) -> dict[str, bool]:
    """Take an alert in as any other: the incidents that have it now, and whether each is new.

    Raises InputError for one that cannot be read, or the thirteenth within an hour.
    """
    (alert,) = parse_alerts([dict(told)])
    alert = alert.model_copy(update={"annotations": {**alert.annotations, "told by": str(by)}})
    with store.durable.begin() as connection:
        detail = {"name": alert.name, "service": alert.service, "fingerprint": alert.fingerprint}
        audit.add(connection, str(by), TOLD, detail=detail)
        _bounded(connection, by, TOLD)
    body = alert.model_dump_json().encode()
    return hand_over(store, [alert], body, utc_now(), calls, owners).incidents


def put_action(
    settings: Settings,
    store: Store,
    sources: Sources,
    incident_id: str,
    action: tuple[str, str, Mapping[str, Any]],
    reason: str,
    by: Identity,
) -> Request:
    """Have a commander asked about this action (kind, target, parameters), checked against the
    system as it is; the question that stands then, which may be one that does the same.

    Raises NotFound, InputError for what does not fit, was tried or turned down, and the thirteenth
    within an hour.
    """
    from ..agents.runtime.gate import propose  # langgraph takes seconds to import

    with opened(settings, incident_id, store, sources) as context:
        document = store.load(incident_id)
        if context.operations is None:
            raise InputError(f"nothing is acted on for {incident_id}: it has no operations.json")
        try:
            plan = checked_plan(*action, reason, inventory=context.inventory)
            plan = plan.model_copy(update={"proposed_by": by.name})
            if no := document.refused(plan):
                raise InputError(f"{no.by} said no to it: {no.reason}; it is not asked about again")
            filed = partial(_filed, store, incident_id, by)
            subject = propose(context, document, plan, by.person, filed)
        except ToolError as error:
            raise InputError(str(error)) from error
    return store.ledger.request(incident_id, subject)


def _filed(store: Store, incident_id: str, by: Identity, plan: ActionPlan) -> None:
    """On the document, in the audit log and told, at once; whoever works it looks again."""

    def says(document: Incident, _at: object) -> str:
        if document.plan(plan.hash) is None:
            document.proposals.append(plan)
        return f"proposes {plan.title}: {plan.rationale}"

    with store.durable.begin() as connection:
        change_in(connection, incident_id, by, PROPOSED, says)
        _bounded(connection, by, PROPOSED)
        wake(connection, incident_id, why=f"{by.name} proposes {plan.title}")


def _bounded(connection: Connection, by: Identity, act: str) -> None:
    """Raise InputError where this one is too much; the audit log, which all write one after the
    other, has it counted already."""
    mine = (AUDIT.c.actor == str(by), AUDIT.c.act == act)
    since = AUDIT.c.at > time.time() - WITHIN.total_seconds()
    count = connection.execute(select(func.count()).where(*mine, since)).scalar_one()
    if count > MOST:
        raise InputError(f"{by.name} has asked {MOST} times within the hour: wait, or ask a person")
