"""Did it help? Judged on levels alone: healthy, before an action, just before it, after it.

What had gone before the action was not cured by it, and errors that went because requests are
refused are contained, not cured. What comes and goes is watched for longer than it pauses.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...analysis.quantities import quantity
from ...incident.action import Measure, Outcome
from ...telemetry.signal_catalogue import SYMPTOMS
from .levels import (
    CHANCE,
    COUNTED,
    HALFWAY,
    REFUSED,
    by_chance,
    by_chance_gone,
    by_chance_ill,
    counts,
    deviated,
    falling,
    had_gone,
    remaining,
    worse,
)

RATHER = 0.5
"""What happens by chance more often is not even likely."""
LONGER = 1.2
"""Watched for so many times the longest pause of a symptom that comes and goes."""
USUAL, PATIENT = 2.0, 5.0
"""Measuring windows in which it has to stay well; more where a new process or nobody did it."""
SUREST, UNCOUNTED = 0.99, 0.9
"""Probability of an outcome: never above the one; the other where nothing is counted."""


@dataclass(frozen=True)
class Watch:
    """How long it was looked at after the action, and how long it had hurt before. Seconds."""

    seconds: float
    hurt: float = 0.0
    least: float = 0.0
    """The measuring window."""
    patient: bool = False
    """A new process, or nobody's action, proves itself over a longer time."""

    def enough(self, pause: float) -> bool:
        """Longer than a symptom paused before, and as long as it had hurt, within reason."""
        most = (PATIENT if self.patient else USUAL) * self.least
        return self.seconds >= max(LONGER * pause, min(self.hurt, most))


@dataclass(frozen=True)
class Judged:
    """How an action ended, how sure that is and why."""

    outcome: Outcome
    reason: str
    probability: float | None = None
    again: bool = False
    """Worth measuring again: on its way back, or well and not watched long enough."""
    well: bool = False
    """Nothing hurts, as far as it was measured."""


def conclude(
    decisive: Sequence[Measure], watch: Watch, *, acted: bool = True, unseen: Sequence[str] = ()
) -> Judged:
    """The outcome, from all that decides.

    Worse comes first: what got worse is to be undone, whatever else could not be measured.

    Args:
        decisive: what decides, as measured.
        watch: the time that the window after the action covers.
        acted: whether an action was carried out; else what ended did so by itself.
        unseen: what was ill when the incident was declared and could not be measured now.
    """
    symptoms = [m for m in decisive if deviated(m)]
    ill = [m for m in symptoms if m.healthy is False]
    if bad := _worse_or_unseen(symptoms, ill, acted, unseen):
        return bad
    return _left(symptoms, ill, acted) if ill else _recovered(symptoms, watch, acted)


def stays_well(decisive: Sequence[Measure], watch: Watch, unseen: Sequence[str] = ()) -> Judged:
    """As `conclude`, of an action that cures nothing: all that hurt was well, and has to stay so
    where more traffic is let in."""
    symptoms = [m for m in decisive if deviated(m)]
    ill = [m for m in symptoms if m.healthy is False]
    if bad := _worse_or_unseen(symptoms, ill, True, unseen):
        return bad
    if ill:
        worst = max(ill, key=remaining)
        return Judged(Outcome.unverified, f"{worst.name} {_levels(worst)}", again=True)
    if not any(m.healthy for m in decisive):
        return Judged(Outcome.unverified, "nothing that hurt could be measured", again=True)
    told = f"all that hurt was well for {watch.seconds:.0f} s"
    if not watch.enough(0.0):
        return Judged(Outcome.unverified, f"{told}: too short to go on", again=True, well=True)
    return Judged(Outcome.stayed_well, told, well=True)


def _worse_or_unseen(
    symptoms: Sequence[Measure], ill: Sequence[Measure], acted: bool, unseen: Sequence[str]
) -> Judged | None:
    harm = next((m for m in ill if m.signal in SYMPTOMS and worse(m)), None)
    if harm:
        return Judged(Outcome.worse, f"{harm.name} {_levels(harm)}", _certainly(harm))
    lost = [m.name for m in symptoms if m.signal in SYMPTOMS and m.healthy is None]
    lost = list(dict.fromkeys([*unseen, *lost]))
    if not lost:
        return None
    why = f"{', '.join(lost[:3])} could not be measured"
    return Judged(Outcome.unverified, why, again=acted and not ill)


def _left(symptoms: Sequence[Measure], ill: list[Measure], acted: bool) -> Judged:
    """Some of it still hurts."""
    worst = max(ill, key=remaining)
    why, sure = f"{worst.name} {_levels(worst)}", _certainly(worst)
    if not acted:
        return Judged(Outcome.unverified, f"it goes on: {why}")
    gone = [m for m in symptoms if m.healthy and not had_gone(m)]
    if all(m.signal == REFUSED for m in ill) and gone:
        return Judged(Outcome.contained, f"requests are refused: {why}", sure)
    improving = all(remaining(m) < HALFWAY or falling(m) for m in ill)
    ended = [m for m in gone if counts(m) and by_chance(m) * len(gone) < CHANCE]
    if ended:
        told = f"{ended[0].name} {_levels(ended[0])}, but {why}"
        return Judged(Outcome.partly, told, _sure(ended), again=improving)
    outcome = Outcome.unverified if improving else Outcome.unchanged
    return Judged(outcome, why, None if improving else sure, again=improving)


def _recovered(symptoms: Sequence[Measure], watch: Watch, acted: bool) -> Judged:
    """All that was off is back: by whom, and for how long?"""
    if not symptoms:
        return Judged(Outcome.unverified, "nothing that can be measured was off before")
    own = [m for m in symptoms if not had_gone(m)]
    by_itself = not acted or (not own and _ended_before(symptoms))
    pause = max((m.pause_s or 0.0 for m in symptoms), default=0.0)
    patient = replace(watch, patient=watch.patient or by_itself)
    if not patient.enough(pause):
        paused = f"; before it paused for up to {pause:.0f} s" if pause else ""
        told = f"well for {watch.seconds:.0f} s{paused}: too short to call it over"
        return Judged(Outcome.unverified, told, again=True, well=True)
    if not _proven(own or symptoms):
        told = "well so far, but so few requests prove nothing yet"
        return Judged(Outcome.unverified, told, again=True, well=True)
    slowest = min(own or symptoms, key=lambda m: (not counts(m), by_chance(m)))
    told = f"{slowest.name} {_levels(slowest)}, watched for {watch.seconds:.0f} s"
    if by_itself:
        had = (
            "it was well already just before the action" if acted else "the response had not acted"
        )
        told = f"{told}; {had}"
    outcome = Outcome.by_itself if by_itself else Outcome.better
    return Judged(outcome, told, _sure(own or symptoms), well=True)


def _ended_before(symptoms: Sequence[Measure]) -> bool:
    """Whether the last seconds before the action say so, and not only by their few requests."""
    chances = [by_chance_gone(m) for m in symptoms if counts(m)]
    return not chances or min(chances) < CHANCE


def _levels(measure: Measure) -> str:
    """From before to after, with what a count rests on."""
    counted = f" of {measure.requests_after}" if counts(measure) else ""
    before, after = (quantity(level, measure.unit) for level in (measure.before, measure.after))
    return f"{before} → {after}{counted}"


def _sure(symptoms: Sequence[Measure]) -> float:
    """How likely the fall is no chance: that of the clearest count; of levels, by reasoning."""
    chances = [by_chance(m) for m in symptoms if counts(m)]
    return round(min(SUREST, 1 - len(chances) * min(chances)), 3) if chances else UNCOUNTED


def _proven(symptoms: Sequence[Measure]) -> bool:
    """Whether the counts fell beyond chance: one of them clearly, and each rather than not. The
    clearest of several is clear by chance more often, so it is held to that many times more."""
    chances = [by_chance(m) for m in symptoms if m.signal in COUNTED]
    return not chances or (len(chances) * min(chances) < CHANCE and max(chances) <= RATHER)


def _certainly(measure: Measure) -> float:
    """How likely it is ill, and no chance."""
    return round(min(SUREST, 1 - by_chance_ill(measure)), 3) if counts(measure) else UNCOUNTED
