"""A real Alertmanager on loopback."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from warroom.drills.monitoring import ALERTS, installed
from warroom.tests.support.supervised import free_ports
from warroom.tests.support.working import until

CONFIGURATION = """
route: {{receiver: warroom, group_by: [service], group_wait: 1ms, group_interval: 1s}}
receivers:
  - name: warroom
    webhook_configs:
      - url: {url}/hooks/alertmanager
        http_config: {{authorization: {{credentials_file: {secret}}}}}
"""


@contextmanager
def alertmanager(folder: Path, url: str, secret: Path) -> Iterator[httpx.Client]:
    """A running one that sends to this service; a client for its API."""
    port, program = free_ports(1)[0], installed(ALERTS)
    assert program
    (folder / "alertmanager.yml").write_text(CONFIGURATION.format(url=url, secret=secret))
    options = [
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'alerts'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    with (folder / "alertmanager.log").open("w") as log:
        process = subprocess.Popen([program, *options], stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            until(lambda: _answers(client), "Alertmanager listens")
            yield client
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder / "alerts", ignore_errors=True)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/-/ready").is_success
    except httpx.TransportError:
        return False
