"""What rules decided and what came of it.

A decision by a rule is one transaction in which everything is counted that it rests on; a rule has
one action under way at most (a unique index), so what its last one did is known before its next.
A rule is stopped, as actions are, by a switch of its name (switches.py).
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, func, select, update

from ..incident.action import Verdict
from ..incident.identity import WARROOM, Identity
from . import audit
from .claims import HOUR_S
from .leases import writing
from .ledger import Asks, Ledger
from .switches import ALL_RULES, switched_off
from .tables import APPROVALS, METADATA, NUMBER, SWITCHES, insert_once

RULINGS = sa.Table(
    "rulings",
    METADATA,
    sa.Column("id", NUMBER, primary_key=True),
    sa.Column("rule", sa.String, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("hash", sa.String, nullable=False),  # of all that the rule said
    sa.Column("incident_id", sa.String, nullable=False),
    sa.Column("subject", sa.String, nullable=False),  # hash of the plan
    sa.Column("service", sa.String, nullable=False, index=True),  # guilty
    sa.Column("at", sa.Float, nullable=False),
    sa.Column("outcome", sa.String),  # as below; empty: it is under way
    sa.UniqueConstraint("rule", "incident_id", "subject"),
)
UNDER_WAY = RULINGS.c.outcome.is_(None)
sa.Index(
    "one_action_a_rule",
    RULINGS.c.rule,
    unique=True,
    sqlite_where=UNDER_WAY,
    postgresql_where=UNDER_WAY,
)
WOULD, NOT_BEGUN, BY_ITSELF = "would have", "not begun", "by itself"
VERIFIED, FAILED, ROLLED_BACK = "verified", "not verified", "rolled back"
ACTED, FAILURES = (VERIFIED, FAILED, ROLLED_BACK, BY_ITSELF), (FAILED, ROLLED_BACK)
IN_A_ROW = 2
"""After so many failures, one after the other, a rule is stopped."""
AT_ONCE_S = 60.0
"""A question that has been before people for so long is theirs."""
RULING = 0x2017
"""Number of the advisory lock under which rules decide on PostgreSQL."""


def switch_of(rule: str) -> str:
    """The name of its switch."""
    return f"rule {rule}" if rule else ALL_RULES


@dataclass(frozen=True)
class Ruling:
    """What a rule decided, or would have; `at` in unix seconds."""

    rule: str
    version: int
    hash: str
    incident_id: str
    subject: str
    service: str
    at: float = 0.0
    outcome: str | None = None

    @property
    def here(self) -> sa.ColumnElement[bool]:
        """The row, while it is under way."""
        mine = (RULINGS.c.incident_id == self.incident_id) & (RULINGS.c.subject == self.subject)
        return (RULINGS.c.rule == self.rule) & mine & UNDER_WAY


def rulings(connection: Connection, *where: sa.ColumnElement[bool]) -> list[Ruling]:
    """All of them that are so, the oldest first."""
    rows = connection.execute(select(RULINGS).where(*where).order_by(RULINGS.c.at)).mappings()
    return [Ruling(**{name: row[name] for name in Ruling.__dataclass_fields__}) for row in rows]


def decide(
    ledger: Ledger, ruling: Ruling, by: Identity, limits: tuple[int, int], target: str, why: str
) -> str:
    """Approve by a rule; why it may not, empty where it did. limits: on a service within an hour,
    on an incident; of all rules. Raises ApprovalError where somebody was quicker."""
    now, acts = ledger.clock(), ruling.outcome is None
    with writing(ledger.engine, ledger.lease) as connection:
        alone(connection)
        if acts and (no := _may_not(connection, ruling, limits, target, now)):
            return no
        if not insert_once(connection, RULINGS, **{**vars(ruling), "at": now}):
            return "it has an action under way, or had its say here"
        if acts:
            told = {"subject": ruling.subject, "rule": ruling.rule, "hash": ruling.hash}
            audit.add(connection, str(by), "rule fits", ruling.incident_id, told)
            yes = (ruling.incident_id, ruling.subject, Verdict.approved, by, why)
            ledger.decided(connection, *yes)
    return ""


def alone(connection: Connection) -> None:
    """Nobody else counts until this transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(RULING)))


def stopped(connection: Connection, rule: str, target: str = "") -> str:
    """Which switch keeps it from acting, or from acting on this, in words; empty: none."""
    for name in (switch_of(""), switch_of(rule), target):
        if switch := switched_off(connection, name):
            return switch.words
    return ""


def _may_not(
    connection: Connection, ruling: Ruling, limits: tuple[int, int], target: str, now: float
) -> str:
    same = (RULINGS.c.rule == ruling.rule, RULINGS.c.version == ruling.version)
    other = select(RULINGS.c.id).where(*same, RULINGS.c.hash != ruling.hash)
    if connection.execute(other.limit(1)).first():
        return f"its version {ruling.version} said something else before: count it up"
    spent = UNDER_WAY | RULINGS.c.outcome.in_(ACTED)
    hour = (RULINGS.c.service == ruling.service, RULINGS.c.at > now - HOUR_S)
    here = (RULINGS.c.incident_id == ruling.incident_id,)
    for most, where, what in zip(limits, (hour, here), ("an hour", "an incident"), strict=True):
        query = select(func.count()).select_from(RULINGS).where(spent, *where)
        if connection.execute(query).scalar_one() >= most:
            return f"its limit of {most} {what} is reached"
    return stopped(connection, ruling.rule, target) or _theirs(connection, ruling, now)


def _theirs(connection: Connection, ruling: Ruling, now: float) -> str:
    """What people have before them: another question here, or this one for some time."""
    open_ = (APPROVALS.c.verdict.is_(None), APPROVALS.c.expires_at > now)
    acts = APPROVALS.c.kind.in_([Asks.action.value, Asks.effect.value])
    here = APPROVALS.c.incident_id == ruling.incident_id
    for row in connection.execute(select(APPROVALS).where(here, acts, *open_)):
        fresh = row.subject == ruling.subject and row.requested_at > now - AT_ONCE_S
        if not fresh or (row.number, row.wanted, row.barred, row.consents) != (1, 1, "", "[]"):
            return f"people have it before them: {row.title}"
    return ""


def ruling_on(connection: Connection, incident_id: str, subject: str) -> Ruling | None:
    """The one under which this plan is to be carried out, or None: people approved it."""
    here = (RULINGS.c.incident_id == incident_id, RULINGS.c.subject == subject, UNDER_WAY)
    return next(iter(rulings(connection, *here)), None)


def take_back(ledger: Ledger, ruling: Ruling, why: str) -> None:
    """What it approved has run out: a person is asked."""
    with writing(ledger.engine, ledger.lease) as connection:
        if end(connection, ruling, NOT_BEGUN):
            here = APPROVALS.c.incident_id == ruling.incident_id
            mine = (here, APPROVALS.c.subject == ruling.subject, APPROVALS.c.number == 1)
            change = update(APPROVALS).where(*mine)
            connection.execute(change.values(expires_at=ledger.clock()))
            said = {"subject": ruling.subject, "reason": why}
            audit.add(connection, str(WARROOM), "rule fell", ruling.incident_id, said)


def end(connection: Connection, ruling: Ruling, outcome: str) -> bool:
    """Write down what came of it, once: whether it was us."""
    change = update(RULINGS).where(ruling.here).values(outcome=outcome)
    return connection.execute(change).rowcount == 1


def failing(connection: Connection, rule: str) -> list[str]:
    """Incidents of its last failures, newest first, where they are enough to stop it; of those
    since its switch was turned last."""
    turned = select(SWITCHES.c.at).where(SWITCHES.c.name == switch_of(rule)).scalar_subquery()
    query = select(RULINGS.c.incident_id, RULINGS.c.outcome).where(
        RULINGS.c.rule == rule,
        RULINGS.c.outcome.in_((VERIFIED, *FAILURES)),
        RULINGS.c.at > func.coalesce(turned, 0.0),
    )
    rows = connection.execute(query.order_by(RULINGS.c.at.desc()).limit(IN_A_ROW)).all()
    failed = [row.incident_id for row in rows if row.outcome in FAILURES]
    return failed if len(failed) == IN_A_ROW else []
