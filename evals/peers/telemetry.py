"""The metrics and logs of a root-cause case where a peer looks for them: in real servers, or in the
files that it reads.

Peers look at what is recent: unless told otherwise they ask for the last hour. So the whole
recording moves, as one block, to end now, and the alert moves with it.
"""

import csv
import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ...errors import ModelUnavailable
from ..conformance.metric_stores import RealVictoriaMetrics
from ..conformance.running import RealVictoriaLogs, Row
from ..conformance.servers import LIVE
from ..rca.bundle import write
from ..rca.cases import RcaCase

NO_NAME = re.compile(r"[^a-zA-Z0-9_:]+")
"""What a metric's name may not have in Prometheus."""
SERVERS = (RealVictoriaMetrics, RealVictoriaLogs)


@dataclass(frozen=True)
class Shown:
    """A case as a bundle, and how far it moves."""

    bundle: Path
    alert: dict[str, Any]
    services: list[str]
    starts: float  # of the alert, unix seconds, as recorded
    begin: float  # of the incident window, so too
    shift: float = 0.0  # seconds

    def rows(self, modality: str, since: float = 0.0) -> Iterator[Row]:
        """Its metrics or logs from a recorded time on, moved."""
        for file in sorted((self.bundle / modality).glob("*.jsonl")):
            with file.open(encoding="utf-8") as lines:
                for row in map(json.loads, lines):
                    if row["ts"] >= since:
                        yield row | {"ts": row["ts"] + self.shift}


def shown(case: RcaCase, folder: Path) -> Shown:
    """The case, written into a new folder."""
    bundle = write(case, folder)
    texts = ((bundle / f"{name}.json").read_text() for name in ("alert", "catalogue"))
    alert, catalogue = map(json.loads, texts)
    names = [one["name"] for one in catalogue["services"]]
    starts = datetime.fromisoformat(alert["starts_at"]).timestamp()
    still = Shown(bundle, alert, names, starts, starts - catalogue["windows"]["detect_s"])
    rows = (row["ts"] for what in ("metrics", "logs") for row in still.rows(what))
    return replace(still, shift=time.time() - max(rows, default=starts))


@contextmanager
def served(found: Shown, root: Path) -> Iterator[dict[str, str]]:
    """A VictoriaMetrics and a VictoriaLogs that hold it; their places by what they hold.

    Raises ModelUnavailable where one of them is not there.
    """
    if missing := [server.name for server in SERVERS if not LIVE[server.name].program]:
        how = "install victoria-metrics; python -m warroom.evals.conformance.build"
        raise ModelUnavailable(f"{missing[0]} is not here: {how}")
    with ExitStack() as stack:
        places = {}
        for kind in SERVERS:
            server = kind(root / kind.modality)
            stack.callback(server.close)
            rows = found.rows(kind.modality)
            server.write(
                kind.modality,
                *(row | {"name": NO_NAME.sub("_", row.get("name", ""))} for row in rows),
            )
            places[kind.modality] = server.where
        yield places


@contextmanager
def filed(found: Shown, root: Path) -> Iterator[dict[str, str]]:
    """Files as of the OpenRCA sets: one for each metric of a service, one of the incident's logs.

    Healthy logs stay away: opensre reads the first 800 lines of a folder.
    """
    place, files = root / "telemetry", dict[Path, list[Row]]()
    for row in found.rows("metrics"):
        file = NO_NAME.sub("_", f"{row['service']}__{row['name']}")
        cells = {"timestamp": int(row["ts"]), "value": row["value"], "service": row["service"]}
        files.setdefault(place / "metric" / f"{file}.csv", []).append(cells)
    for row in found.rows("logs", found.begin):
        told = {name: row[name] for name in ("service", "level", "message")}
        files.setdefault(place / "log/log.csv", []).append({"timestamp": int(row["ts"]), **told})
    place.mkdir()
    for file, rows in files.items():
        file.parent.mkdir(exist_ok=True)
        with file.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, [*rows[0]])
            writer.writeheader()
            writer.writerows(rows)
    yield {"telemetry": str(place)}
