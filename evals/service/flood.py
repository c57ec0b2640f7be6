"""A flood of telemetry by OTLP beside whatever is measured, from a process of its own.

python -m warroom.evals.service.flood URL SECRET      until stdin ends; prints what was answered
"""

import http.client
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlsplit

from ...drills.layout import free_ports
from .installation import Installation

SPANS, ATTRIBUTES, SENDERS = 512, 12, 40
"""Of a request, as an SDK's batch is; and how many send without a pause."""
PAUSE_S = 0.05
"""After a refusal: a sender that does not know Retry-After."""


def configured(made: Installation) -> tuple[str, Path]:
    """Where telemetry is to be sent, and the warroom.yaml that says so."""
    place = f"127.0.0.1:{free_ports(1)[0]}"
    file = made.settings.home / "flooded.yaml"
    file.write_text(f'otlp: {{listen: "{place}", megabytes: 500}}\n', encoding="utf-8")
    return f"http://{place}", file


@contextmanager
def flood(made: Installation, url: str) -> Iterator[Counter[str]]:
    """Telemetry at any rate until the block ends; then the answers are counted by status."""
    counted, secret = Counter[str](), made.settings.home / "otlp.secret"
    process = subprocess.Popen(
        [sys.executable, "-m", __name__, url, str(secret)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout
    try:
        process.stdout.readline()  # it has begun
        yield counted
    finally:
        printed, _ = process.communicate()
        counted.update(json.loads(printed))


def request() -> bytes:
    """An SDK's batch of spans."""
    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    message = TracesData()
    part = message.resource_spans.add()
    part.resource.attributes.add(key="service.name").value.string_value = "checkout"
    spans = part.scope_spans.add().spans
    for _ in range(SPANS):
        span = spans.add(trace_id=os.urandom(16), span_id=os.urandom(8), name="POST /pay", kind=2)
        span.start_time_unix_nano = time.time_ns()
        span.end_time_unix_nano = span.start_time_unix_nano + 10**7
        for number in range(ATTRIBUTES):
            attribute = span.attributes.add(key=f"http.attribute.{number}")
            attribute.value.string_value = "some value of it"
    return message.SerializeToString()


def main() -> None:
    """Send until stdin ends. Senders are other machines: what they cost here counts little."""
    os.nice(19)
    url, secret = sys.argv[1:]
    headers = {
        "Content-Type": "application/x-protobuf",
        "Authorization": f"Bearer {Path(secret).read_text().strip()}",
    }
    counted, over, body = Counter[int](), Event(), request()

    def sender(once: bool = False) -> None:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
        while not (over.is_set() or (once and counted)):
            try:
                connection.request("POST", "/v1/traces", body, headers)
                answer = connection.getresponse()
                answer.read()
                counted[answer.status] += 1
                over.wait(0 if answer.status == 200 else PAUSE_S)
            except (OSError, http.client.HTTPException):
                connection.close()
                counted[0] += 1

    sender(once=True)
    print(flush=True)
    threads = [Thread(target=sender, daemon=True) for _ in range(SENDERS)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join(60)
    print(json.dumps(counted))


if __name__ == "__main__":
    main()
