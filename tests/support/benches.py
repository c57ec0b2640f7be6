"""A bench over a bundle, as the read tools want it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warroom.plans.runbook import Runbook, shipped
from warroom.targets.survey import Surveying
from warroom.telemetry.bundle import read_bundle
from warroom.telemetry.model import Window
from warroom.telemetry.recording import Recording
from warroom.tests.support.bundles import START, BundleWriter
from warroom.tests.support.shop_bundle import Fault, write_shop
from warroom.tools.base import REGISTRY, Effect, Frame, Table
from warroom.tools.toolbox import ToolBench

ONSET = START + 60


@dataclass
class ReadBench:
    """Telemetry and the windows to compare; nothing to look up beside them."""

    telemetry: Recording
    frame: Frame
    survey: Surveying | None = None
    live: None = None
    runbooks: Sequence[Runbook] = field(default_factory=shipped)
    memory: None = None

    def call(self, name: str, **arguments: Any) -> Table:
        """Run a read tool the way the toolbox does; its rows must be plain JSON."""
        tool = REGISTRY[name]
        assert tool.effect is Effect.read
        table = ToolBench(self, tool).answer(tool.parse(arguments))
        json.dumps([row.record() for row in table.rows], allow_nan=False)
        assert table.summary
        return table

    def rows(self, name: str, **arguments: Any) -> list[dict[str, Any]]:
        """Its rows alone."""
        return [row.record() for row in self.call(name, **arguments).rows]


def bench_over(root: Path, baseline: float = 45, incident: float = 20) -> ReadBench:
    """A bench whose incident begins at ONSET."""
    frame = Frame(Window(ONSET - baseline, ONSET), Window(ONSET, ONSET + incident))
    return ReadBench(read_bundle(root), frame)


def shop_bench(root: Path, fault: str, service: str = "") -> ReadBench:
    """A bench over the synthetic shop with a fault that begins at ONSET."""
    return bench_over(write_shop(root, Fault(fault, service, at=60)))


def empty_bench(root: Path) -> ReadBench:
    """A bench over a bundle that holds nothing."""
    BundleWriter(root)
    return bench_over(root)
