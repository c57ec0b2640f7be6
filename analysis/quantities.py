"""Measured values as people say them: with their unit, to the digits that matter, no exponents."""

import math

UNKNOWN = "—"
SUFFIXES = (
    (("_bytes",), "bytes"),
    (("_seconds", "_seconds_sum", "latency_p50", "latency_p95", "_s"), "s"),
    (("_ms",), "ms"),
    (("_share", "_ratio", "error_rate"), "share"),
)
"""How the names of metrics end (OpenMetrics), and the unit that they tell."""
BINARY = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))
MANY_TIMES = 1000
"""Ratios beyond this say no more than that it is far more."""


def percent(share: float | None) -> str:
    """A share in percent, with the digits that tell it from 0 and 100: 0.12%, 9.7%, 34%, 99.5%.

    What is no share of a whole, above 1, is said in times: 1.3 times its limit.
    """
    if share is None or not math.isfinite(share):
        return UNKNOWN
    if share > 1:
        return f"{times(share)} its limit"
    if share < 0:
        return f"minus {figure(-share * 100, 2)}%"
    near = min(share, 1 - share)
    if 0 < near < 0.00005:
        return "under 0.01%" if share < 0.5 else "over 99.99%"
    digits = 2 if near < 0.01 else 1 if near < 0.1 else 0
    text = f"{share * 100:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text}%"


FEW = 20
"""A share of fewer than these is told as a count: one of one is not everybody."""


def portion(part: float, whole: float, what: str = "requests") -> str:
    """Of many: 12% of requests; of few: 3 of 7 requests."""
    if whole < FEW:
        return f"{count(part)} of {count(whole)} {what}"
    return f"{percent(part / whole)} of {what}"


def part_of(share: float) -> str:
    """How much of something, before its name: 93% of, 7 times."""
    return times(share) if share > 1 else f"{percent(share)} of"


def in_use(share: float | None) -> str:
    """How far a limit is used: 93% in use; 7 times its limit asked for."""
    return f"{percent(share)} {'asked for' if (share or 0) > 1 else 'in use'}"


def times(ratio: float) -> str:
    """A ratio: 1.3 times, 12 times, over 1,000 times."""
    if ratio > MANY_TIMES:
        return f"over {MANY_TIMES:,} times"
    return f"{figure(ratio, 2)} times"


def count(number: float | None) -> str:
    """A whole number with thousands separators."""
    return UNKNOWN if number is None or not math.isfinite(number) else f"{number:,.0f}"


def figure(number: float | None, digits: int = 3) -> str:
    """A number to so many significant digits, never as an exponent."""
    if number is None or not math.isfinite(number):
        return UNKNOWN
    if number == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(number))))
    if places > 6:
        return "almost 0"
    text = f"{number:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def quantity(value: float | None, unit: str = "") -> str:
    """A value with its unit: share, s, ms, bytes, 1/s; any other unit is left to its name."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    match unit:
        case "share":
            return percent(value)
        case "s":
            return f"{figure(value)} s" if abs(value) >= 1 or value == 0 else _ms(value * 1000)
        case "ms":
            return f"{figure(value / 1000)} s" if abs(value) >= 10_000 else _ms(value)
        case "1/s":
            return f"{figure(value)}/s"
        case "bytes":
            return _bytes(value)
    return figure(value)


def _ms(value: float) -> str:
    return f"{figure(value, 3 if abs(value) >= 100 else 2)} ms"


def _bytes(value: float) -> str:
    for size, name in BINARY:
        if abs(value) >= size:
            return f"{figure(value / size)} {name}"
    return f"{count(value)} bytes"


def unit_of(name: str) -> str:
    """The unit that a metric's name tells; empty where it tells none."""
    return next((unit for ends, unit in SUFFIXES if name.endswith(ends)), "")


def change(before: float | None, now: float | None, unit: str = "") -> str:
    """Both levels in words; a level that nobody measured is not made up."""
    if before is None:
        return f"is {quantity(now, unit)}; its usual level was not measured"
    if now is None:
        return f"was {quantity(before, unit)} and is no longer measured"
    words = quantity(before, unit), quantity(now, unit)
    if words[0] == words[1]:
        return f"stays at {words[1]}"
    return f"{'rose' if now > before else 'fell'} from {words[0]} to {words[1]}"


def span(seconds: float) -> str:
    """A length of time for people: 42 s, 12 min, 3.5 h, 2.0 d."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172800 else f"{seconds / 86400:.1f} d"
