"""What the recorder keeps of a scrape, and what it says about a target that is away."""

import asyncio
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import httpx

from warroom.drills.catalogue import catalogue
from warroom.drills.layout import Layout, Target, targets
from warroom.drills.repositories import ConfigurationRepository
from warroom.drills.scraper import Scraper, samples
from warroom.drills.world import world

TARGET = Target("catalog", "catalog-1", "http://127.0.0.1:1")
TEXT = """\
# TYPE http_requests_total counter
http_requests_total{code="200",method="GET",route="/search"} 7.0
# TYPE python_gc_objects_collected_total counter
python_gc_objects_collected_total{generation="0"} 100.0
# TYPE process_restarts_total counter
process_restarts_total{service="login",instance="login-1"} 2.0
"""


def test_samples_keep_what_matters_and_honour_their_own_labels():
    requests, restarts = samples(TEXT, 50.0, TARGET)
    assert requests == {
        "ts": 50.0,
        "name": "http_requests_total",
        "service": "catalog",
        "instance": "catalog-1",
        "labels": {"code": "200", "method": "GET", "route": "/search"},
        "value": 7.0,
    }
    assert (restarts["service"], restarts["instance"]) == ("login", "login-1")


def test_federated_samples_are_written_once(tmp_path):
    recorder = Scraper(Layout.create(tmp_path), "http://prometheus")
    text = 'up{job="shop",service="a",instance="a-1"} 1 1700000000500\n'
    (sample,) = samples(text, 0.0, None)
    assert sample["ts"] == 1700000000.5
    assert sample["labels"] == {}
    assert recorder.is_new(sample)
    assert not recorder.is_new(sample)


def test_targets_are_the_active_instances_and_the_outside(tmp_path):
    layout = Layout.create(tmp_path)
    ConfigurationRepository(layout).create()
    found = {target.instance for target in targets(layout)}
    assert {"gateway-1", "catalog-1", "database-1", "ai-primary-1"} <= found
    assert "catalog-2" not in found


class Slow(BaseHTTPRequestHandler):
    """Answers /metrics only after `release`; anything else at once."""

    release = Event()

    def do_GET(self):
        if self.path.startswith("/slow"):
            self.release.wait(60)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(TEXT.encode())

    def log_message(self, format, *args):
        return


def test_a_hung_target_is_down_and_delays_nobody(tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    recorder = Scraper(Layout.create(tmp_path), None)
    quick, hung = TARGET._replace(url=url), Target("inventory", "inventory-1", f"{url}/slow")

    async def both():
        async with httpx.AsyncClient(timeout=0.3) as http:
            return await asyncio.gather(recorder.scrape(http, quick), recorder.scrape(http, hung))

    good, bad = asyncio.run(both())
    Slow.release.set()
    server.shutdown()
    assert good[-1]["name"] == "up"
    assert good[-1]["value"] == 1.0
    assert [(line["name"], line["value"]) for line in bad] == [("up", 0.0)]


def test_the_catalogue_names_only_services_it_has():
    names = {entry.name for entry in world().entries()}
    assert all(set(entry.depends_on) <= names for entry in world().entries())
    made = catalogue(world(), [{"name": "r"}])
    assert json.loads(json.dumps(made)) == made
    limits = {entry["name"]: entry["limits"] for entry in made["services"]}
    assert limits["payments"]["db_connections"] == 6
    assert limits["database"] == {"db_connections": 60}
