"""Health at a terminal: looked at once, the worst first, or again and again."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from rich.console import Console
from rich.text import Text

from ..diagnosis.cluster import look_at_cluster
from ..diagnosis.look import Health, Look
from ..diagnosis.quick import changes, diagnose
from .desk import print_json
from .exits import Exit
from .screen import screen

SIGNS = {
    Health.bad: ("✖", "bold red"),
    Health.warning: ("▲", "yellow"),
    Health.unseen: ("?", "magenta"),
    Health.well: ("✓", "green"),
}
EVERY_S = 15.0


def diagnose_command(
    places: Sequence[str],
    operations: Path | None,
    cluster: Path | None,
    all_of_it: bool,
    as_json: bool,
) -> Exit:
    """Look once. Exit code 1 where something is bad."""
    found = look_at_cluster(cluster) if cluster else []
    found += diagnose(operations, places) if places or operations or not cluster else []
    if as_json:
        print_json([asdict(look) for look in found])
    else:
        _print(screen(), found, all_of_it)
    return Exit.failed if any(look.health is Health.bad for look in found) else Exit.done


def watch_command(operations: Path, every_s: float = EVERY_S, rounds: int | None = None) -> None:
    """Look again and again until Ctrl-C, and say what changed."""
    console, before = screen(), list[Look]()
    console.print(f"looking every {every_s:g} s; what changes is printed")
    while rounds is None or rounds > 0:
        now = diagnose(operations, ())
        say_looks(console, changes(before, now), f"{datetime.now(UTC):%H:%M:%S} ")
        before, rounds = now, None if rounds is None else rounds - 1
        time.sleep(every_s)


def _print(console: Console, found: Sequence[Look], all_of_it: bool) -> None:
    shown = [look for look in found if all_of_it or look.health is not Health.well]
    say_looks(console, shown)
    if rest := len(found) - len(shown):
        console.print(f"{rest} {'more ' if shown else ''}looks found nothing wrong (-v lists them)")


def say_looks(console: Console, looks: Sequence[Look], at: str = "") -> None:
    """A line each, and once below those for which it is the same what to do."""
    for (_health, _area, do), alike in groupby(
        looks, lambda look: (look.health, look.area, look.do)
    ):
        for look in alike:
            sign, style = SIGNS[look.health]
            head = Text.assemble(at, (f"{sign} {look.health:<9}", style), f"{look.area:<12}")
            console.print(head + Text(f"{look.subject}: {look.says}"))
        if do:
            console.print(Text(f"{' ' * (len(at) + 11)}→ {do}", style="dim"))
