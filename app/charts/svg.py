"""A little SVG: elements as text, a frame with a title, and axes with round numbers."""

import math
from collections.abc import Iterable
from html import escape

from ...prompts.values import plain

INK, QUIET, GRID, ACCENT, SHADE = "#1f2933", "#616e7c", "#e4e7eb", "#1769aa", "#f1f5f9"
FONT = "font-family='Helvetica, Arial, sans-serif'"


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: int = 12,
    fill: str = INK,
    anchor: str = "start",
    **more: str,
) -> str:
    """Words at a point; `anchor` is start, middle or end."""
    extra = attributes(more)
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' font-size='{size}' fill='{fill}' "
        f"text-anchor='{anchor}'{extra}>{escape(plain(words))}</text>"
    )


def rule(x1: float, y1: float, x2: float, y2: float, stroke: str = GRID, **more: str) -> str:
    """A straight line."""
    extra = attributes(more)
    return (
        f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{stroke}'{extra}/>"
    )


def box(x: float, y: float, width: float, height: float, fill: str, **more: str) -> str:
    """A filled rectangle."""
    extra = attributes(more)
    return (
        f"<rect x='{x:.1f}' y='{y:.1f}' width='{max(width, 0):.1f}' "
        f"height='{max(height, 0):.1f}' fill='{fill}'{extra}/>"
    )


def attributes(more: dict[str, str]) -> str:
    """Further attributes: font_weight="bold" becomes font-weight='bold'."""
    return "".join(f" {key.replace('_', '-')}='{value}'" for key, value in more.items())


def document(width: float, height: float, title: str, parts: Iterable[str], told: str = "") -> str:
    """The whole picture on white; title and `told` are what a screen reader says."""
    return wrapped(width, height, title, [box(0, 0, width, height, "#ffffff"), *parts], told)


def wrapped(width: float, height: float, title: str, parts: Iterable[str], told: str = "") -> str:
    """The same on whatever lies behind it."""
    told = f"<desc>{escape(plain(told, 8000))}</desc>\n" if told else ""
    return (
        f"<svg xmlns='http://www.w3.org/2000/svg' width='{width:.0f}' height='{height:.0f}' "
        f"viewBox='0 0 {width:.0f} {height:.0f}' role='img' {FONT}>\n"
        f"<title>{escape(plain(title))}</title>\n{told}" + "\n".join(parts) + "\n</svg>\n"
    )


def ticks(top: float) -> list[float]:
    """Round numbers from zero to at least `top`."""
    if not math.isfinite(top) or top <= 0:
        return [0.0, 1.0]
    raw = top / 4
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    return [step * index for index in range(math.ceil(top / step - 1e-9) + 1)]


def time_step(seconds: float, most: int = 7) -> float:
    """Seconds between the marks of a time axis."""
    steps = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 86400)
    return next((step for step in steps if seconds / step <= most), steps[-1])
