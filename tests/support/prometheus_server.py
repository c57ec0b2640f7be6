"""A real Prometheus over samples that were written beforehand."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from warroom.evals.conformance.metric_stores import openmetrics

INSTALLED = all(shutil.which(name) for name in ("prometheus", "promtool"))


def as_openmetrics(bundle: Path) -> str:
    """A bundle's samples in the text format that promtool imports."""
    files = sorted((bundle / "metrics").glob("*.jsonl"))
    return openmetrics(json.loads(row) for file in files for row in file.read_text().splitlines())


def prometheus(root: Path, openmetrics: str) -> AbstractContextManager[str]:
    """The URL of a server that holds these samples (OpenMetrics text) in `root`."""
    text = root / "samples.txt"
    text.write_text(openmetrics)
    make = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(text)]
    subprocess.run([*make, str(root / "data")], check=True, capture_output=True)
    return running(root, {})


@contextmanager
def running(root: Path, config: dict[str, Any], *features: str) -> Iterator[str]:
    """The URL of a server with this configuration, which is JSON and so YAML, in `root`."""
    (root / "prometheus.yml").write_text(json.dumps(config))
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    arguments = [
        f"--config.file={root / 'prometheus.yml'}",
        f"--storage.tsdb.path={root / 'data'}",
        "--storage.tsdb.retention.time=100y",
        f"--web.listen-address=127.0.0.1:{port}",
        *(f"--enable-feature={name}" for name in features),
    ]
    with (root / "log").open("wb") as log:
        server = subprocess.Popen(["prometheus", *arguments], stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        for attempt in Retrying(
            stop=stop_after_attempt(300),
            wait=wait_fixed(0.1),
            retry=retry_if_exception_type(httpx.HTTPError),
            reraise=True,
        ):
            with attempt:
                httpx.get(f"{url}/-/ready").raise_for_status()
        yield url
    finally:
        server.terminate()
        server.wait()
