"""Scores of services as bars: who was named, who was guilty, told by words and pattern too."""

from ...app.charts.svg import ACCENT, INK, QUIET, box, hatch, rule, text
from ...app.words import value
from .score import rank

TOP = 6
ROW, NAMES, BAR = 24, 340, 400
PATTERN = "guilty"


def bars(scores: dict[str, float], named: str, guilty: str) -> tuple[list[str], float]:
    """The elements, and their height. The guilty service has a row whatever it scored."""
    ordered = sorted(scores, key=lambda service: (-scores[service], service))
    shown = list(dict.fromkeys([*ordered[:TOP], guilty]))
    low, high = min([0.0, *scores.values()]), max([0.0, *scores.values()])
    parts = [hatch(PATTERN, INK)]
    for number, service in enumerate(shown):
        score = scores.get(service)
        length = 0.0 if score is None or high == low else (score - low) / (high - low) * BAR
        words = _words(service, scores, named=named, guilty=guilty)
        parts += _row(number * ROW, service, length, words, service == guilty)
    height = len(shown) * ROW
    return [*parts, rule(NAMES, 0, NAMES, height, QUIET)], height


def _row(y: float, service: str, length: float, words: str, guilty: bool) -> list[str]:
    weight = "bold" if guilty else "normal"
    name = service if len(service) <= 40 else f"{service[:19]}…{service[-20:]}"
    found = [text(NAMES - 8, y + 16, name, anchor="end", font_weight=weight)]
    if guilty:
        size = (NAMES, y + 4, max(length, 6), ROW - 8)
        found += [box(*size, "#ffffff"), box(*size, f"url(#{PATTERN})", stroke=INK)]
    else:
        found.append(box(NAMES, y + 4, length, ROW - 8, ACCENT))
    return [*found, text(NAMES + max(length, 6) + 8, y + 16, words, fill=INK, font_weight=weight)]


def _words(service: str, scores: dict[str, float], *, named: str, guilty: str) -> str:
    """Its score, its rank where it matters, and what it is."""
    score, place = scores.get(service), rank(scores, service)
    parts = ["no score" if score is None else value(score, "")]
    if service == guilty:
        parts.append("GUILTY" if place is None else f"GUILTY, rank {place}")
    if service == named:
        parts.append("named")
    return " · ".join(parts)
