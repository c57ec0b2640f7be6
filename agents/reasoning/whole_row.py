"""One row of a table as lines, a field each and none cut: what decides is read to its end.

service: checkout
diff:
  -    if not code:
  -        return 0
120 of 300 lines; read_evidence("E12", row=3, line=121) shows more
"""

from typing import Any

from .cells import cell, clean, is_nothing

SHORT = 120
"""Characters of a field up to which it is no long one."""
LONGEST_LINE = 400
"""Characters of a line of a field; what is longer goes on in the next line."""


def row_lines(row: dict[str, Any], alerted: float | None) -> list[str]:
    """The fields that say something, long ones last; a text of several lines stays so, set in."""
    fields = [_field(name, value, alerted) for name, value in row.items()]
    return [line for field in sorted(fields, key=_is_long) for line in field]


def _is_long(field: list[str]) -> bool:
    return len(field) > 1 or len("".join(field)) > SHORT


def paged(lines: list[str], first: int, budget: int, way: str) -> list[str]:
    """As many lines from the `first` one (from 1) on as fit in so many characters, and how to read
    on where there are more.

    way: how; {line} is filled in.
    """
    taken, room = list[str](), budget - len(_rest(len(lines), len(lines), way))
    for text in lines[first - 1 :]:
        room -= len(text) + 1
        if room < 0:
            break
        taken.append(text)
    last = first - 1 + len(taken)
    return [*taken, _rest(last, len(lines), way)] if last < len(lines) else taken


def _rest(last: int, lines: int, way: str) -> str:
    return f"{last} of {lines} lines{way.format(line=last + 1)}"


def _field(name: str, value: Any, alerted: float | None) -> list[str]:
    if is_nothing(value):
        return []
    head = f"{clean(name, 40)}:"
    if not isinstance(value, str) or ("\n" not in value and len(value) <= LONGEST_LINE):
        return [f"{head} {cell(name, value, LONGEST_LINE, alerted)}"]
    parts = [
        text[at : at + LONGEST_LINE]
        for text in value.split("\n")
        for at in range(0, len(text) or 1, LONGEST_LINE)
    ]
    return [head, *(f"  {clean(part, len(part) + 1)}" for part in parts)]
