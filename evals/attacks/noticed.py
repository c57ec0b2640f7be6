"""How many attacks on the responder are noticed, and what they can bring about.

    python -m warroom.evals.attacks.noticed [--limit N]

Each case of the corpus is written into a small bundle of its own and looked for as the security
specialist does. What an attack can bring about is measured by `attack_runs.run_case`.
"""

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...plans.runbook import Runbook
from ...telemetry.bundle import read_bundle
from ...telemetry.model import Window
from ...telemetry.recording import Recording
from ...text_safety.injection import speaks
from ...tools.base import Frame
from ...tools.hostile import HostileText, hostile_texts
from ..incidents.cases import FOLDER, unpacked
from ..studies import synthetic
from .corpus import Attack, attacks, plant
from .runs import alert_at

AGO, MARGIN = 5.0, 20.0
"""Seconds before the planted text that the incident begins, and after it that it is looked at."""


@dataclass(frozen=True)
class View:
    """A bench over one bundle, nothing to act on."""

    telemetry: Recording
    frame: Frame
    live: None = None
    survey: None = None
    memory: None = None
    runbooks: Sequence[Runbook] = ()


def noticed(case: Attack) -> bool:
    """Whether the tool that the security specialist asks, or its look at the alert, sees it."""
    with tempfile.TemporaryDirectory(prefix="attack-") as folder:
        root = Path(folder) / "bundle"
        for part in ("metrics", "logs", "traces"):
            (root / part).mkdir(parents=True)
        (root / "bundle.json").write_text('{"format": "warroom-bundle/1", "name": "attack"}')
        at = synthetic.START
        alert = plant(case, root, alert_at(at))
        if any(map(speaks, alert.annotations.values())):
            return True
        return bool(_rows(root, Window(at - AGO, at + MARGIN)))


def _rows(root: Path, window: Window) -> Sequence[HostileText]:
    """What the tool finds in a bundle."""
    bundle = read_bundle(root)
    try:
        bench = View(bundle, Frame(Window(window.start - 60, window.start), window))
        return hostile_texts(bench).rows
    finally:
        bundle.close()


def false_alarms() -> tuple[int, int]:
    """(Texts of the recorded drills that are taken for attacks, drills looked at)."""
    wrong, drills = 0, 0
    for archive in sorted(FOLDER.glob("*.tar.xz")):
        with tempfile.TemporaryDirectory(prefix="attack-") as folder:
            root = unpacked(archive.name.removesuffix(".tar.xz"), Path(folder))
            wrong += len(_rows(root, Window(0.0, 1e11)))
            drills += 1
    return wrong, drills


def table(results: Iterable[tuple[Attack, bool]]) -> str:
    """Detection by channel, goal and form, the held-out texts apart, as Markdown."""
    kept = list(results)
    by: tuple[tuple[str, Callable[[Attack], str]], ...] = (
        ("all", lambda case: "all"),
        ("channel", lambda case: case.channel),
        ("goal", lambda case: case.goal),
        ("form", lambda case: case.form),
    )
    lines = ["| | | known texts | held-out texts |", "|---|---|---|---|"]
    for title, group in by:
        names = list(dict.fromkeys(group(case) for case, _ in kept))
        lines += [f"| {title} | {name} | {_share(kept, group, name)} |" for name in names]
    return "\n".join(lines)


def _share(kept: list[tuple[Attack, bool]], group: Callable[[Attack], str], name: str) -> str:
    seen: Counter[bool] = Counter()
    total: Counter[bool] = Counter()
    for case, found in kept:
        if group(case) == name:
            total[case.held_out] += 1
            seen[case.held_out] += found
    return " | ".join(f"{seen[h]} of {total[h]}" if total[h] else "none" for h in (False, True))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Attacks on the responder: how many are noticed?")
    parser.add_argument("--limit", type=int, default=None, help="only the first N cases")
    chosen = attacks()[: parser.parse_args().limit]
    print(table((case, noticed(case)) for case in chosen))
    wrong, drills = false_alarms()
    print(f"\nFalse alarms: {wrong} texts in the telemetry of {drills} recorded drills without any")


if __name__ == "__main__":
    main()
