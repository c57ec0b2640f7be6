"""The real shop under Prometheus and Alertmanager, where both are installed."""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Thread

import pytest

from warroom.drills.environment import Shop
from warroom.drills.monitoring import available

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not available(), reason="prometheus and alertmanager are not on PATH"),
]
ALERTING = """
groups:
- name: shop
  rules:
  - alert: CustomersArrive
    expr: sum by (service) (http_requests_total{service="gateway"}) > 0
    labels: {severity: warning}
"""


@pytest.fixture
def webhook():
    """A webhook's URL and what was posted to it."""
    posted: Queue = Queue()

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            posted.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format, *args):
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", posted
    server.shutdown()


def test_an_alert_arrives_and_the_bundle_has_what_prometheus_scraped(tmp_path, webhook):
    url, posted = webhook
    with Shop.start(tmp_path, webhook=url, alerting=ALERTING) as shop:
        alert = posted.get(timeout=30)
        time.sleep(2)  # two more scrapes
        lines = (shop.telemetry / "metrics" / "scrape.jsonl").read_text().splitlines()
    assert alert["version"] == "4"
    assert alert["alerts"][0]["labels"]["service"] == "gateway"
    samples = [json.loads(line) for line in lines[:-1]]
    times = [s["ts"] for s in samples if s["name"] == "up" and s["instance"] == "gateway-1"]
    assert len(times) >= 2
    assert times == sorted(set(times))
    assert {s["service"] for s in samples} >= {"gateway", "database", "ai-primary"}
