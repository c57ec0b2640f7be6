"""From what a model cites to quotes that resolve: code looks the value up, or drops the claim.

A claim holds where every value that it cites is displayed by its evidence, one of them at least in
a row about the service that it is about, and where its sentence says what those rows say
(assertions.py). What does not hold is listed; complaints.py tells it to the model once, with what
would.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ...incident.evidence import Evidence, EvidenceStatus, Quote
from ...incident.finding import Finding
from ...text_safety.injection import speaks
from .assertions import Ground, objections
from .cells import cell, folded, is_time
from .citations import Evidences, Place, Shown
from .measures import Row, columns, deviation, measured, mentions, names, owners, past
from .replies import NO_CHANGE, Cited, Claim

DELIVERED = ("deploy", "commit", "flag", "config", "scale")
"""Kinds of change that are of our making."""


@dataclass(frozen=True)
class Judged:
    """One claim looked up: where its values stand, or why it does not hold."""

    places: tuple[tuple[str, Place], ...] = ()
    """With the evidence of each."""
    reasons: tuple[str, ...] = ()

    @property
    def quotes(self) -> list[Quote]:
        """The values as quotes."""
        return [_quote(evidence, place) for evidence, place in self.places]


@dataclass
class Proof:
    """The evidence of one incident, and what was claimed and could not be proven."""

    evidence: dict[str, Evidence]
    payload: Callable[[str], Any]
    unproven: list[str] = field(default_factory=list)
    onset: float | None = None
    """Unix seconds from which the model saw times; None: it saw times of day."""

    def finding(self, claim: Claim, kind: str = "reasoned") -> Finding | None:
        """The claim as a finding; None where it does not hold, and that is listed."""
        claim = self.bound(claim)
        judged = self.judge(claim)
        if judged.reasons:
            self.unproven.append(f"{claim.statement} :: {'; '.join(judged.reasons)}")
            return None
        return Finding(
            statement=claim.statement, service=claim.service, kind=kind, quotes=judged.quotes
        )

    def locate(self, cited: Cited) -> Quote | None:
        """Where one cited value stands; None: nowhere, and that is listed."""
        found = self._places(cited)
        if isinstance(found, str):
            self.unproven.append(f"text that gives orders :: {found}")
            return None
        return _quote(self._id(cited), found[0])

    def told(self, text: str, quotes: Iterable[Quote], known: str = "") -> str:
        """The text where it gives no orders and says what the quoted rows, or `known`, say; else
        nothing, and it is listed."""
        reasons = self._objections(text, [(q.evidence, self._place(q)) for q in quotes], known)
        if reasons:
            self.unproven.append(f"{text} :: {'; '.join(reasons)}")
        return "" if reasons else text

    def rows(self, quote: Quote) -> list[dict[str, Any]]:
        """The row that a quote points into, as a list of one; empty: none."""
        row = self._place(quote).row
        return [dict(row)] if row else []

    def deviation(self, quote: Quote) -> float:
        """How far the quoted row itself is from what is usual, 0 to 1: a healthy row is 0, however
        true the quote, and a point of a series counts by the series before the onset. A row that
        measures nothing of the kind (a change, a heading) counts in full. Columns and scales:
        measures.yaml."""
        record, place = self.evidence.get(quote.evidence), self._place(quote)
        if record is None or not place.row:
            return 1.0
        series = self._shown.shown(record.id).meanings
        far = deviation(record.tool, place.row, past(place.row, series, self.onset))
        return 1.0 if far is None else far

    def change(self, said: str) -> str:
        """The id of the change that a model names, by id, by a beginning of at least seven
        characters, or by version; empty where none of that is on record, and that is listed."""
        wanted = folded(said).strip("[]")
        if wanted in ("", NO_CHANGE):
            return ""
        found = self._shown.change(wanted)
        if not found:
            self.unproven.append(f"change {said} :: no change of that id is on record")
        return found

    def routes(self, said: Iterable[str]) -> list[str]:
        """Those of the routes that a model names which evidence names as well."""
        rows = [row for id in self.evidence for row in self._shown.shown(id).rows]
        named = [str(row[n]) for row in rows for n in ("route", "operation") if row.get(n)]
        known = {folded(name): name for name in named}
        return [known[folded(one)] for one in said if folded(one) in known]

    def bound(self, claim: Claim) -> Claim:
        """The claim, about nobody in particular where neither its evidence nor its sentence names
        a service."""
        held = [self._shown.shown(id) for id in map(self._id, claim.cites) if id in self.evidence]
        named = any(owners(row) for shown in held for row in shown.rows)
        asked = any(claim.service in str(shown.record.query) for shown in held)
        told = any(
            mentions(claim.statement, service) for service in {*self._services, claim.service}
        )
        bound = named or asked or told or not held
        return claim if bound else claim.model_copy(update={"service": ""})

    def of_ours(self, change: str) -> bool:
        """Whether a change is one that people or automation made, and not a state that was seen."""
        return self._shown.kind_of(change) in DELIVERED

    def judge(self, claim: Claim) -> Judged:
        """A claim looked up. Nothing is listed."""
        found = [(self._id(cited), cited, self._places(cited)) for cited in claim.cites]
        bad = [reason for _, _, reason in found if isinstance(reason, str)]
        if not found or bad:
            return Judged(reasons=tuple(bad or ["nothing is cited"]))
        options = [(id, places) for id, _, places in found if not isinstance(places, str)]
        chosen = tuple((id, self._best(places, claim, options)) for id, places in options)
        reasons = self._unbound(claim, chosen) or self._objections(
            claim.statement, chosen, subject=claim.service
        )
        return Judged(chosen, tuple(reasons))

    def _objections(
        self, text: str, places: Iterable[tuple[str, Place]], known: str = "", subject: str = ""
    ) -> list[str]:
        if speaks(text):
            return ["it repeats an instruction"]
        held = [(self._shown.shown(id), place) for id, place in places if id in self.evidence]
        headings = dict.fromkeys(shown.heading for shown, _ in held)
        ground = Ground(
            places=tuple(place for _, place in held),
            tools=tuple(shown.record.tool for shown, _ in held),
            headings=tuple(headings),
            services=self._services,
            onset=self.onset,
            known=known,
            subject=subject,
        )
        return objections(text, ground)

    # Which evidence there is.

    @property
    def _shown(self) -> Evidences:
        """The evidence as it is displayed; anew when there is other evidence."""
        known = self.__dict__.get("_evidences")
        if known is None or known.records is not self.evidence or known.onset != self.onset:
            known = self.__dict__["_evidences"] = Evidences(self.evidence, self.payload, self.onset)
        return known

    @property
    def _services(self) -> frozenset[str]:
        return self._shown.services

    @staticmethod
    def _id(cited: Cited) -> str:
        return cited.evidence.strip().strip("[]")

    def _places(self, cited: Cited) -> list[Place] | str:
        """Where a value is displayed; or why it proves nothing."""
        record = self.evidence.get(self._id(cited))
        if record is None:
            return f"there is no evidence {cited.evidence!r}"
        if record.status is EvidenceStatus.failed:
            return f"{record.id} is a failed call and proves nothing"
        shown = self._shown.shown(record.id)
        return list(shown.places(cited.value)) or _nowhere(shown, cited)

    def _place(self, quote: Quote) -> Place:
        """A quote's place again; one without a row where it points to none."""
        parts = quote.pointer.split("/")
        value: Any = quote.value if quote.value is not None else ""
        if quote.evidence not in self.evidence or len(parts) < 4 or parts[1] != "rows":
            return Place(quote.pointer, value, {}, "", str(value))
        shown = self._shown.shown(quote.evidence)
        known = parts[2].isdigit() and int(parts[2]) < len(shown.rows)
        row = shown.meanings[int(parts[2])] if known else {}
        column = parts[3].replace("~1", "/").replace("~0", "~")
        column = shown.meaning.get(column, column)
        return Place(quote.pointer, value, row, column, str(value), int(parts[2]) + 1)

    # Whose the cited values are.

    def _best(
        self, places: list[Place], claim: Claim, options: list[tuple[str, list[Place]]]
    ) -> Place:
        """The place that is meant: about the claim's service, or one that its sentence names, in
        the row that holds the most of what else is cited."""
        rows = [{id(place.row) for place in others} for _, others in options]

        def fits(place: Place) -> tuple[bool, bool, int, bool, bool]:
            own = owners(place.row) or {s for s in self._services if names(place.row, s)}
            named = {s for s in own if mentions(claim.statement, s)}
            together = sum(id(place.row) in held for held in rows)
            exact = folded(place.cited) == folded(cell(place.column, place.value, len(place.cited)))
            return claim.service in own, bool(named), together, exact, place.number > 0

        return max(places, key=fits)

    def _unbound(self, claim: Claim, chosen: Iterable[tuple[str, Place]]) -> list[str]:
        """Why these values say nothing about the claim's service."""
        held = [(self._shown.shown(id), place) for id, place in chosen]
        if all(place.column in columns().owners for _, place in held):
            return ["a name alone proves nothing; cite a value of its row"]
        if not claim.service:
            return []
        ours = [(s, p) for s, p in held if self._about(s, p, claim.service)]
        if not ours:
            return [_others(shown, place, claim.service) for shown, place in held]
        if all(place.column in columns().owners for _, place in ours):
            return [f"cite a value of the row about {claim.service}, not its name alone"]
        strange = [(s, p) for s, p in held if (s, p) not in ours and not self._named(p, claim)]
        return [_others(shown, place, claim.service) for shown, place in strange]

    def _about(self, shown: Shown, place: Place, service: str) -> bool:
        at_edge = shown.record.tool in columns().edge and service in self._shown.edge
        return at_edge or shown.about(place, service)

    def _named(self, place: Place, claim: Claim) -> bool:
        """Whether a place is about nobody in particular, about somebody the sentence names, or says
        when something was: one thing before another may be of two services."""
        own = owners(place.row)
        return (
            not own
            or is_time(place.column, place.value)
            or any(mentions(claim.statement, service) for service in own)
        )


def _quote(evidence: str, place: Place) -> Quote:
    return Quote(evidence=evidence, pointer=place.pointer, value=place.value)


def _others(shown: Shown, place: Place, service: str) -> str:
    """Whose a value is, when it is not the service's."""
    own = ", ".join(sorted(owners(place.row)))
    if not place.number or not own:
        return f"{shown.record.id} names no service here: leave `service` empty, or cite its row"
    return f"{shown.record.id} has {place.cited} in row {place.number} about {own}, not {service}"


def _nowhere(shown: Shown, cited: Cited) -> str:
    """That a value is not displayed, and what is near. The value itself is not repeated: it may be
    a secret whose mask was put back to look for it."""
    record = shown.record
    if shown.origin is not None and not shown.origin.columns:
        return f"{record.id} answers a query, none of whose columns is a recorded one: no proof"
    near = _near(shown.rows, cited.value) or _column_alone(shown.rows, cited.value)
    return f"{record.id} does not hold the value cited{near}"


def _column_alone(rows: list[Row], text: str) -> str:
    return (
        f"; it is a column: cite {text.strip()}=value" if rows and text.strip() in rows[0] else ""
    )


def _near(rows: list[Row], text: str) -> str:
    try:
        wanted = abs(float(text.strip().rstrip("%s ")))
    except ValueError:
        return ""
    numbers = [(n, m) for n, row in enumerate(rows, 1) for m in measured(row) if m.unit != "time"]
    close = sorted((abs(abs(m.value) - wanted), n, m.column, m.value) for n, m in numbers)
    fits = [
        f"{value:.3g} ({column}, row {n})" for far, n, column, value in close if far <= wanted / 4
    ]
    return f"; near: {', '.join(fits[:2])}" if fits else ""
