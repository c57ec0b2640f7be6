"""The shop before a team's own servers: Prometheus scrapes it, its logs lie in VictoriaLogs, its
spans in Jaeger. `python -m warroom.evals.conformance.build` builds the two."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ...drills.environment import Shop
from ...drills.keeper import spawn
from ...drills.monitoring import available
from ...errors import DrillError, InputError
from ...telemetry.sources.datasource import Datasource, JsonData
from ..conformance.running import RealJaeger, RealVictoriaLogs
from ..conformance.servers import LIVE

NEEDED = ("VictoriaLogs", "Jaeger")
SCRAPED_S = 1.0


def check_there() -> None:
    """Raise InputError where a server is missing, saying how to have it."""
    missing = [name for name in NEEDED if not LIVE[name].program]
    if not available():
        missing.append("Prometheus and Alertmanager (packages)")
    if missing:
        raise InputError(
            f"needed and not here: {', '.join(missing)}; "
            "`python -m warroom.evals.conformance.build` builds servers, in minutes"
        )


@contextmanager
def shipped(shop: Shop, home: Path) -> Iterator[list[Datasource]]:
    """The data sources of a shop that Prometheus scrapes, filled from now on; its changes are kept
    in the store of this home."""
    with ExitStack() as stack:
        logs = RealVictoriaLogs(shop.layout.root / "victorialogs")
        stack.callback(logs.close)
        traces = RealJaeger(shop.layout.root / "jaeger")
        stack.callback(traces.close)
        for server in (logs, traces):  # also when this process dies
            shop.watch(server.process)
        to = [str(shop.telemetry), str(home), logs.where, traces.taking]
        command = [sys.executable, "-m", f"{__package__}.shipper", *to]
        shipper = spawn(command, log := shop.layout.output / "shipper.log")
        shop.watch(shipper)
        places = {"prometheus": shop.layout.url("prometheus")}
        places |= {server.table.type: server.where for server in (logs, traces)}
        known = JsonData(timeInterval=SCRAPED_S)
        yield [
            Datasource.model_validate({"name": kind, "type": kind, "url": url, "jsonData": known})
            for kind, url in places.items()
        ]
        if shipper.poll() is not None:  # what was read then says nothing of the servers
            raise DrillError(f"the shipper ended: {log.read_text()[-300:]}")
