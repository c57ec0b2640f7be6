"""What is claimed: findings, competing hypotheses, gaps; and what could not be proven."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from ..faults import faults
from .evidence import Quote


class Finding(BaseModel):
    """One statement, with the values that prove it."""

    statement: str = Field(description="what is the case, one sentence")
    service: str = Field(default="", description="the service it is about; empty: the whole system")
    kind: str = Field(default="", description="short tag: anomaly, error-origin, change, auth, …")
    at: datetime | None = Field(default=None, description="when it happened or began, UTC")
    quotes: list[Quote] = Field(min_length=1, description="the proof; at least one")
    step: int = Field(default=0, description="the step (1 to 13) that found it; set by code")
    attempt: int = Field(default=1, description="round that found it, from 1; set by code")
    specialist: str = Field(default="", description="who found it; set by code")


class FaultKind(StrEnum):
    """What kind of thing went wrong; the causes every runbook set covers."""

    bad_deploy = "bad deploy"
    slow_release = "slow release"
    bad_flag = "bad feature flag"
    bad_config = "bad configuration"
    application = "application fault"
    hung_process = "hung process"
    crash_loop = "crash loop"
    traffic_surge = "traffic surge"
    memory_leak = "memory leak"
    pool_exhaustion = "connection pool exhaustion"
    cpu_saturation = "CPU saturation"
    disk_full = "disk full"
    node = "node fault"
    network = "network fault"
    database = "database fault"
    lock_contention = "lock contention"
    missing_permission = "missing permission"
    schema_change = "schema change"
    changed_setting = "changed setting"
    descriptor_exhaustion = "descriptor exhaustion"
    data_corruption = "corrupted data"
    credential_attack = "credential attack"
    certificate = "certificate expiry"
    provider_quota = "provider quota exhausted"
    provider_outage = "provider outage"
    dependency_outage = "dependency outage"
    telemetry_lost = "telemetry lost"
    no_fault = "no fault"
    unknown = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> "FaultKind | None":
        """A kind that only a file of faults/ knows: as good as the ones that code names."""
        if not isinstance(value, str) or value not in faults():
            return None
        kind = str.__new__(cls, value)
        kind._name_, kind._value_ = value.replace(" ", "_"), value
        cls._value2member_map_[value] = kind
        return kind


class Argument(BaseModel):
    """One reason for or against a hypothesis."""

    text: str = Field(description="the reason, one line")
    weight: float = Field(description="log-odds that it adds; negative: it contradicts")
    quotes: list[Quote] = Field(default_factory=list, description="the values it rests on")


CauseKey = tuple[str, FaultKind, str]
"""Service, kind of fault, id of the change blamed (empty: no change of ours)."""


SURE, LIKELY, CERTAIN = 0.5, 0.7, 0.9
"""Confidence from which a cause counts as one; is told as known; is as good as certain."""
OPEN = "open"
HOW_SURE = {CERTAIN: "almost certain", LIKELY: "likely", SURE: "leading but not sure", 0.0: OPEN}
"""From which confidence on a cause is called what, wherever people read of it."""


def sureness(confidence: float) -> str:
    """How sure that is, in words; the number stands beside them."""
    return next((words for least, words in HOW_SURE.items() if confidence >= least), OPEN)


class Hypothesis(BaseModel):
    """One possible cause, held against the others: a service, a kind of fault, a change."""

    id: str = Field(description="H1, H2, … ; stable for one service, kind and change")
    statement: str = Field(description="the cause in one sentence")
    service: str = Field(description="the guilty service or external party")
    kind: FaultKind = Field(description="what kind of fault it would be")
    support: list[Argument] = Field(default_factory=list, description="what speaks for it")
    contradiction: list[Argument] = Field(default_factory=list, description="what speaks against")
    missing: list[str] = Field(default_factory=list, description="evidence that was not available")
    confidence: float = Field(ge=0, le=1, description="probability, computed by code")
    change: str = Field(
        default="", description="id of the change blamed (commit, flag); empty: no change of ours"
    )
    resource: str = Field(
        default="", description="flag, table, provider or sources that an action would name"
    )
    explains: list[str] = Field(
        default_factory=list,
        description="routes whose failures it explains, where other causes explain others; "
        "empty: all that hurts",
    )
    reserved: str = Field(
        default="", description="what it takes to name it above one half; empty: nothing more"
    )
    ruled_out: str = Field(default="", description="why it was ruled out; empty: still open")
    ended_by: str = Field(
        default="",
        description="action that ended its part of what hurt, as verified; what is left has "
        "another cause",
    )
    challenged: str = Field(
        default="", description="what came of the try to refute it; empty: nobody tried"
    )
    confirmed: bool = Field(
        default=False, description="stands out, and a try to refute it by another view failed"
    )

    @property
    def key(self) -> CauseKey:
        """What it is: evidence for one change is none for another."""
        return self.service, self.kind, self.change

    @property
    def sure(self) -> bool:
        """Whether it is likelier than not."""
        return self.confidence >= SURE

    @property
    def likely(self) -> bool:
        """Whether it may be told as known, also outside the house."""
        return self.confirmed or self.confidence >= LIKELY

    @property
    def how_sure(self) -> str:
        """In words."""
        return "confirmed" if self.confirmed else sureness(self.confidence)

    @property
    def standing(self) -> bool:
        """Whether it may be the cause of what still hurts."""
        return not self.ruled_out and not self.ended_by


class DroppedClaim(BaseModel):
    """A claim whose proof did not resolve: kept out of the findings, and said so."""

    at: datetime = Field(description="when it was dropped, UTC")
    specialist: str = Field(description="who claimed it")
    step: int = Field(default=0, description="the step (1 to 13) that claimed it; set by code")
    statement: str = Field(description="what was claimed")
    reason: str = Field(description="what did not resolve")


class Gap(BaseModel):
    """Something we wanted to see and could not."""

    what: str = Field(description="what is missing: a source, a window, a service")
    why: str = Field(description="why: absent, unreachable, begins too late, half-written")
    specialist: str = Field(default="", description="who missed it; set by code")


def one_cause(a: CauseKey, b: CauseKey) -> bool:
    """Whether two words mean one cause: the same change, whatever place and kind each gives it;
    else the same service and kind, where not both name a change."""
    if a[2] and b[2]:
        return a[2] == b[2]
    return a[:2] == b[:2]


def stands_out(known: list[Hypothesis], name: str) -> str:
    """What is said of the one that leads: that it is the cause only where that is likely."""
    cause = next((h for h in known if h.id == name), None)
    likely = cause is None or cause.likely
    return f"{name} stands out as the cause" if likely else f"{name} leads, which is not sure"


def numbered(known: list[Hypothesis], new: list[Hypothesis]) -> list[Hypothesis]:
    """The new hypotheses with their ids: the known one for the same cause, else the next free."""
    ids = {h.key: h.id for h in known}
    for hypothesis in new:
        ids.setdefault(hypothesis.key, f"H{len(ids) + 1}")
    return [h.model_copy(update={"id": ids[h.key]}) for h in new]


def merged(known: list[Hypothesis], new: list[Hypothesis]) -> list[Hypothesis]:
    """The new ones, and the known ones that they no longer list, ruled out; best first."""
    if not new:
        return known
    listed = {h.key for h in new}
    dropped = [h for h in known if h.key not in listed]
    stale = [
        h.model_copy(
            update={
                "confidence": 0.0,
                "ruled_out": h.ruled_out or "no longer backed by the newer evidence",
            }
        )
        for h in dropped
    ]
    return sorted(numbered(known, new) + stale, key=lambda h: (bool(h.ruled_out), -h.confidence))
