"""A change whose diff does what would bring about what is seen, whenever it was made.

What convicts is the mechanism: an edit that does harm, and symptoms of that very harm. Names and
places shared with the errors add to it, delivery to a service that fails is needed, and nearness
in time is worth next to nothing: old changes wait for their trigger, innocent ones sit at the
onset. Weights by reasoning: a clear mechanism (3.5) is a conclusion by itself; what errors name
(2) and where they are raised (1.5) are not.
"""

import math
from collections.abc import Iterator

from ...analysis.code.contact import Touch
from ...analysis.code.mechanisms import Mechanism as M
from ...analysis.quantities import span
from ...incident.evidence import Quote
from ...incident.finding import FaultKind
from .candidate import Candidate
from .demand import rising_demand
from .observations import Observations, cite
from .structure import tied_by_code
from .studies import ChangeDelivery, Scene, Studied, delivery, scene, symptom_quotes

MECHANISM, NAME, PLACE, REACH = 3.5, 2.0, 1.5, 0.8
LEAST = 0.3
"""Contact by mechanism below this accuses nobody."""
NAMED = 0.6
"""Contact by name from which it may be accused though its mechanism is not known."""
SLOW = (M.database, M.fanout, M.cache, M.lock, M.cpu, M.capacity)
SETTINGS = (".yaml", ".yml", ".toml", ".ini", ".conf", ".properties", ".env", ".tf", "dockerfile")


def guilty_changes(seen: Observations) -> Iterator[Candidate]:
    """The changes that fit, each doubted by how well the next one fits."""
    now = scene(seen)
    fitting = [
        (studied, arrival)
        for studied in now.changes.values()
        if fits(studied) and not (arrival := delivery(seen, now, studied)).late
    ]
    ranked = sorted(fitting, key=lambda pair: -strength(*pair))
    for index, (studied, arrival) in enumerate(ranked[:4]):
        rival = ranked[0] if index else (ranked[1] if len(ranked) > 1 else None)
        yield _accused(seen, now, studied, arrival, rival)


def fits(studied: Studied) -> bool:
    """Whether it meets the symptoms closely enough to be accused at all."""
    return studied.contact.by_mechanism >= LEAST or studied.contact.by_name >= NAMED


def closest(studied: Studied) -> Touch:
    """The meeting that says most."""
    return [*studied.contact.mechanism, *studied.contact.name][0]


def strength(studied: Studied, arrival: ChangeDelivery) -> float:
    """Log-odds of all that speaks for it."""
    contact = studied.contact
    met = MECHANISM * contact.by_mechanism + NAME * contact.by_name + PLACE * contact.by_place
    return met + REACH * bool(arrival.service) - 2.0 * arrival.doubt


def _accused(
    seen: Observations,
    now: Scene,
    studied: Studied,
    arrival: ChangeDelivery,
    rival: tuple[Studied, ChangeDelivery] | None,
) -> Candidate:
    service = arrival.service or closest(studied).symptom.service  # who shows what it meets
    kind, row = _kind(studied), studied.row
    first = closest(studied)
    version = next((f" in release {one.version}" for one in studied.deploys if one.version), "")
    name = f"change {studied.id[:10]}{version}" + (f" ({row.summary})" if row.summary else "")
    candidate = Candidate(service, kind, f"{name} {first.text}", change=studied.id)
    proof = cite(seen.history, row, "id", "files")
    _meetings(seen, candidate, studied, proof)
    carried = cite(seen.history, row, "id", "seconds_before")
    candidate.backed(REACH, float(bool(arrival.service)), arrival.text, carried)
    candidate.doubted(2.0, arrival.doubt, arrival.text, carried)
    counter_evidence(seen, now, studied, candidate)
    demand = rising_demand(seen)
    if demand and closest(studied).mechanism in (M.capacity, M.cpu, M.memory):
        text = f"{demand.ratio:.1f} times the usual requests fill {demand.service} as well"
        candidate.doubted(2.0, 1.0, text, cite(seen.symptoms, demand, "text", "ratio"))
    ahead = strength(studied, arrival) - strength(*rival) if rival else math.inf
    candidate.tied = tied_by_code(now, studied, arrival, ahead)
    if rival:
        _rivalry(seen, candidate, strength(studied, arrival), rival)
    return candidate


def _meetings(
    seen: Observations, candidate: Candidate, studied: Studied, proof: list[Quote]
) -> None:
    contact = studied.contact
    for weight, level, touches in (
        (MECHANISM, contact.by_mechanism, contact.mechanism),
        (NAME, contact.by_name, contact.name),
        (PLACE, contact.by_place, contact.place),
    ):
        if touches:
            told = symptom_quotes(seen, touches[0].symptom, "text")
            text = f"{touches[0].text}; seen: {touches[0].symptom.text[:120]}"
            candidate.backed(weight, level, text, [*proof, *told])


def _rivalry(
    seen: Observations, candidate: Candidate, own: float, rival: tuple[Studied, ChangeDelivery]
) -> None:
    """One that fits about as well makes both doubtful."""
    close = 1.0 - max(0.0, own - strength(*rival)) / 1.5
    text = f"change {rival[0].id[:10]} fits as well: {closest(rival[0]).text}"
    candidate.doubted(1.5, close, text, cite(seen.history, rival[0].row, "id"))


def _kind(studied: Studied) -> FaultKind:
    if any(file.lower().endswith(SETTINGS) for file in studied.work.files):
        return FaultKind.bad_config
    if studied.row.kind == "flag":
        return FaultKind.bad_flag
    slow = closest(studied).mechanism in SLOW
    return FaultKind.slow_release if slow else FaultKind.bad_deploy


def counter_evidence(
    seen: Observations, now: Scene, studied: Studied, candidate: Candidate
) -> None:
    """Both reasons, where there are any."""
    undone = _undone(now, studied)
    if undone:
        before = span(max(0.0, now.onset - undone.row.at))
        text = f"change {undone.id[:10]} took it back {before} before it began"
        candidate.doubted(3.0, 1.0, text, cite(seen.history, undone.row, "id", "seconds_before"))
    calm, share = _calm(now, studied)
    text = f"it runs at {', '.join(calm[:3])} as well, where nothing is unusual"
    candidate.doubted(1.0, share, text, cite(seen.history, studied.row, "id"))


def _undone(now: Scene, studied: Studied) -> Studied | None:
    """A change that put every line back, and arrived before it began."""
    mine = studied.work.edit
    for other in now.changes.values():
        edit = other.work.edit
        back = (set(edit.added), set(edit.removed)) == (set(mine.removed), set(mine.added))
        arrived = any(row.at < now.onset for row in other.deploys)
        if back and arrived and other.row.at > studied.row.at:
            return other
    return None


def _calm(now: Scene, studied: Studied) -> tuple[list[str], float]:
    """Services that got the same and show nothing, and their share of all that got it."""
    got = {row.service for row in studied.deploys if row.service and row.at < now.onset}
    calm = sorted(name for name in got if not now.affected.get(name))
    return calm, len(calm) / len(got) if calm and len(calm) < len(got) else 0.0
