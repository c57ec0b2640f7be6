"""Root-cause cases replayed in two processes, each of which keeps its half of them open."""

from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Self

from ...settings import Settings
from ..rca.cases import RcaCase
from ..rca.floor import floor_answer, responded
from .knobs import Setting
from .replay import Replay, Scores

PROCESSES = 2
OPENED: dict[str, Replay] = {}
"""By case: filled in a worker, and lasting as long as it does."""


def replayed(cases: list[RcaCase], folder: Path, setting: Setting) -> dict[str, Scores]:
    """What the cases say under a setting; a case is opened when it is first asked for."""
    found = {}
    for case in cases:
        if case.name not in OPENED:
            OPENED[case.name] = Replay(case, folder / case.set / case.id)
        found[case.name] = OPENED[case.name].scores(setting)
    return found


def whole(cases: list[RcaCase]) -> dict[str, Scores]:
    """What the whole response says of them."""
    settings = Settings()
    return {
        case.name: responded(case, settings, partial(floor_answer, case)).scores for case in cases
    }


class Workers:
    """Every case under any setting, each pair worked out once."""

    def __init__(self, cases: list[RcaCase], folder: Path) -> None:
        self.cases, self.folder = cases, folder
        self.parts = [cases[number::PROCESSES] for number in range(PROCESSES)]
        self.known: dict[tuple, Scores] = {}

    def __enter__(self) -> Self:
        # One process an executor: a case always comes to the one that has it open. Spawned, since
        # a forked copy would share the parent's threads' locks.
        self.pools = [ProcessPoolExecutor(1, get_context("spawn")) for _part in self.parts]
        return self

    def __exit__(self, *_error: object) -> None:
        for pool in self.pools:
            pool.shutdown(cancel_futures=True)

    def scores(self, settings: Iterable[Setting], names: Iterable[str]) -> list[dict[str, Scores]]:
        """For each setting what the cases of these names say."""
        settings, names = list(settings), set(names)
        asked = [future for setting in settings for future in self._ask(setting, names)]
        for key, future in asked:
            for name, found in future.result().items():
                self.known[name, key] = found
        return [{name: self.known[name, _key(s)] for name in names} for s in settings]

    def whole(self) -> dict[str, Scores]:
        """What the whole response says of every case."""
        futures = [
            pool.submit(whole, part) for pool, part in zip(self.pools, self.parts, strict=True)
        ]
        return {name: found for future in futures for name, found in future.result().items()}

    def _ask(self, setting: Setting, names: set[str]) -> list[tuple[tuple, Future]]:
        key, asked = _key(setting), []
        for pool, part in zip(self.pools, self.parts, strict=True):
            new = [c for c in part if c.name in names and (c.name, key) not in self.known]
            if new:
                asked.append((key, pool.submit(replayed, new, self.folder, dict(setting))))
        return asked


def _key(setting: Setting) -> tuple:
    return tuple(sorted(setting.items()))
