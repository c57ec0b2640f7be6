"""Every error that Warroom raises on purpose.

WarroomError                 message says what to do next
├── InputError               what a person handed us cannot be used (exit code 2)
│   ├── AlertError           an alert that cannot be read
│   ├── TelemetryError       a source of telemetry that is down or cannot be read
│   │   └── BundleError      a telemetry bundle that cannot be read
│   └── TableError           a table of ours (YAML) that does not fit its schema
├── NotFound                 no such incident, plan, drill (exit code 3)
├── ToolError                a tool call that did not do its work; always recorded as evidence
│   ├── ToolRetry            the arguments are off; the message is the correction
│   ├── ToolFailed           tried and failed; telling is all that is left
│   │   ├── Unheard          it was asked of another server, which may have done it
│   │   └── Halfway          a part of it was done: the receipt says which, and how to undo it
│   └── ApprovalRequired     the call writes and carries no approval for this exact plan
├── GroundingError           a claim whose evidence or quoted value does not resolve
├── ApprovalError            a decision that cannot count: stale hash, expired, already taken
├── HeldBack                 an approved effect that may not happen now: switch, freeze, limit
├── LifecycleError           a state change that the lifecycle does not allow
├── StoreError               our own tables are unreadable, or of another version
│   ├── StoreUnavailable     locked, full, restarting, gone: it passes; whoever asked tries again
│   │   └── Overtaken        what it rests on changed meanwhile: look again, at less at once
│   └── LeaseLost            somebody else works the incident now: ours does not count any more
├── ModelError               no usable answer from the model; the floor answers instead
│   ├── ModelUnavailable     not reached, overloaded, timed out, breaker open; after the retries
│   ├── ModelRefused         it declined to answer
│   ├── ModelMuddled         it answered something unusable, also after one repair
│   └── BudgetSpent          tokens, money or time for this specialist, incident or day are spent
├── KubernetesError          the API of a cluster did not do what it was asked, or did not answer
└── DrillError               the small system did not start, or a fault did not take
"""

from typing import Any


class WarroomError(Exception):
    """Base of all: catch this one at the process edge."""


class InputError(WarroomError):
    """What a person handed us cannot be used."""


class AlertError(InputError):
    """An alert that cannot be read."""


class TelemetryError(InputError):
    """A source of telemetry that is down, does not answer in time, or answers what it should not.

    Met while an incident is worked, it is a gap of the report.
    """


class BundleError(TelemetryError):
    """A telemetry bundle that cannot be read."""


class TableError(InputError):
    """A table in YAML that does not fit its schema; the message says file, line, key and cure."""


class NotFound(WarroomError):
    """No such incident, plan or drill."""


class ToolError(WarroomError):
    """A tool call that did not do its work."""


class ToolRetry(ToolError):
    """The arguments are off; the message says how to correct them."""


class ToolFailed(ToolError):
    """The tool tried and failed; the message says what was tried."""


class Unheard(ToolFailed):
    """It was asked of another server, which may have done it."""


class Halfway(ToolFailed):
    """A part was done before it failed."""

    def __init__(self, message: str, receipt: Any) -> None:
        super().__init__(message)
        self.receipt = receipt
        """Of the part (actions.capabilities.Receipt), with what its undo needs."""


class ApprovalRequired(ToolError):
    """The call has an effect and carries no approval for this exact plan."""


class GroundingError(WarroomError):
    """A claim whose evidence or quoted value does not resolve."""


class ApprovalError(WarroomError):
    """A decision that cannot count: stale hash, expired or already taken."""


class ChatAway(WarroomError):
    """Chat cannot be reached now. `unsure`: what was sent may have arrived; `wait`: seconds that it
    asks for."""

    def __init__(self, message: str, unsure: bool = False, wait: float = 0.0) -> None:
        super().__init__(message)
        self.unsure, self.wait = unsure, wait


class HeldBack(WarroomError):
    """An approved effect that may not happen now. Nothing was claimed: it is tried again."""

    def __init__(self, message: str, until: float | None = None) -> None:
        super().__init__(message)
        self.until = until
        """From when it may, unix seconds; None: nobody knows."""


class LifecycleError(WarroomError):
    """A state change that the lifecycle does not allow."""


class Overwritten(WarroomError):
    """What was written rests on a state that somebody else has changed since."""


class StoreError(WarroomError):
    """Our own tables cannot be read or written."""


class StoreUnavailable(StoreError):
    """Our own tables cannot be read or written now; trying again later may do."""


class Overtaken(StoreUnavailable):
    """What a transaction rests on was changed by somebody else meanwhile: nothing was written."""


class LeaseLost(StoreError):
    """Somebody else works the incident now: what we still write is refused."""


class ModelError(WarroomError):
    """No usable answer from the model."""

    usage: Any = None
    """Tokens (models.protocol.Usage) that were used all the same; None: none are known."""


class ModelUnavailable(ModelError):
    """The model could not be reached, or not in time, also after retries."""


class ModelRefused(ModelError):
    """The model declined to answer."""


class ModelMuddled(ModelError):
    """The model's answer cannot be used, also after one repair."""


class BudgetSpent(ModelError):
    """Tokens, money or time are spent; the message says whose and how much."""


class KubernetesError(WarroomError):
    """The API of a cluster said no, or nothing. `status` is HTTP's, 0: no answer; `unsure`: what
    was written may have been carried out."""

    def __init__(self, message: str, status: int = 0, unsure: bool = False) -> None:
        super().__init__(message)
        self.status, self.unsure = status, unsure


class DrillError(WarroomError):
    """The small system did not start, or a fault did not take."""
