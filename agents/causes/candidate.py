"""A possible cause while reasons for and against it are gathered, and the words it is told by."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from ...analysis.fusion import Observation
from ...incident.evidence import Quote
from ...incident.finding import CauseKey, FaultKind
from ...yaml_tables import AnyCase, Entry, Regex, Words, read_table

PLACE = "the degradation begins in {}; its kind is not known"


@dataclass(frozen=True)
class WeighedSignal:
    """A signal for or against, with the values that prove it."""

    signal: Observation
    quotes: tuple[Quote, ...]


@dataclass
class Candidate:
    """One service and kind of fault, with reasons."""

    service: str
    kind: FaultKind
    statement: str
    change: str = ""  # id of the change blamed
    resource: str = ""  # flag, table, sources, provider: what an action would name
    tied: bool = True  # a change: by more than likeness, nearness and place; see structure.py
    reserved: str = ""  # what it takes to name it above one half
    account: str = ""  # what is new there, in the system's own words
    reasons: list[WeighedSignal] = field(default_factory=list)

    @property
    def key(self) -> CauseKey:
        """What it is, as of a hypothesis."""
        return self.service, self.kind, self.change

    @property
    def notes(self) -> list[str]:
        """Its reasons in words."""
        return [reason.signal.note for reason in self.reasons]

    def backed(self, weight: float, value: float, note: str, quotes: Sequence[Quote] = ()) -> None:
        """Add a reason for it: `weight` log-odds when fully observed, `value` 0..1."""
        self._add(weight, value, note, quotes, supports=True)

    def doubted(self, weight: float, value: float, note: str, quotes: Sequence[Quote] = ()) -> None:
        """Add a reason against it."""
        self._add(weight, value, note, quotes, supports=False)

    def unnamed(self) -> None:
        """The place alone, without a kind of fault; what is known to be new there is still told."""
        self.kind = FaultKind.unknown
        self.statement = self.account or PLACE.format(self.service)

    @property
    def weight(self) -> float:
        """Log-odds of all reasons together."""
        return sum(reason.signal.log_odds for reason in self.reasons)

    def lessened(self, part: float) -> None:
        """Let its reasons count a part of what they did: another reading has them already, or
        another place explains them."""
        self.reasons = [
            replace(reason, signal=replace(reason.signal, weight=reason.signal.weight * part))
            for reason in self.reasons
        ]

    def lacking(self, note: str) -> None:
        """Note something that could not be looked at."""
        signal = Observation(name=note, weight=0, value=0, note=note, available=False)
        self.reasons.append(WeighedSignal(signal, ()))

    def _add(
        self, weight: float, value: float, note: str, quotes: Sequence[Quote], supports: bool
    ) -> None:
        bounded = min(1.0, max(0.0, value))
        if bounded > 0:
            signal = Observation(note, weight, bounded, supports=supports, note=note)
            self.reasons.append(WeighedSignal(signal, tuple(quotes)))


class CauseWords(Entry):
    """words.yaml, which says what each is for."""

    shared: Words
    data: AnyCase
    rate: Regex
    part: Regex
    connection: AnyCase
    quota: AnyCase
    host: AnyCase
    peer: Regex
    inside: Regex
    fails: Regex
    ours: Regex
    outside: Regex
    chosen: Regex


@cache
def words() -> CauseWords:
    """The words of words.yaml."""
    return read_table("agents/causes/words.yaml", CauseWords)
