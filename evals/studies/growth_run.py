"""One measured run over a made-up bundle: `python -m warroom.evals.studies.growth_run BUNDLE WHAT`.

`respond` loads the bundle and lets the response work it with no model; `mine` takes the templates
of all its log messages. Prints one JSON object. Who starts it sets a limit of time, and reads the
peak memory off the process.
"""

import json
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from ...analysis.templates import mine
from ...app.opening import open_context, playbooks
from ...settings import Settings
from ...telemetry.bundle import open_bundle
from ..incidents.run import respond
from .one_run import alert_of


def responding(bundle: Path) -> dict[str, Any]:
    """Seconds to load and to respond, and the service that the floor names."""
    started = time.perf_counter()
    with closing(open_bundle(bundle)) as recorder, TemporaryDirectory() as home:
        recorder.recording.coverage()
        loaded = time.perf_counter()
        own = Settings(home=Path(home))
        context = open_context(own, recorder=recorder, model_layer=playbooks, pace=0)
        leading = context.store.load(respond(alert_of(bundle), context)).leading()
        return {
            "load_s": loaded - started,
            "respond_s": time.perf_counter() - loaded,
            "answer": leading.service if leading else "nobody",
        }


def mining(bundle: Path) -> dict[str, Any]:
    """Lines a second, without the time that reading them takes."""
    query = "SELECT message FROM read_json(?, columns = {message: 'VARCHAR'})"
    with duckdb.connect() as db:
        found = db.execute(query, [str(bundle / "logs" / "all.jsonl")]).fetchall()
    messages = [text for (text,) in found]
    started = time.perf_counter()
    templates = mine(messages).templates
    seconds = time.perf_counter() - started
    return {"lines_s": len(messages) / seconds, "templates": len(templates)}


WHAT: dict[str, Callable[[Path], dict[str, Any]]] = {"respond": responding, "mine": mining}

if __name__ == "__main__":
    print(json.dumps(WHAT[sys.argv[2]](Path(sys.argv[1]))))
