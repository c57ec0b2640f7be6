"""What surrounds every request of the shop, through its real middleware, in process."""

import asyncio
import json

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from warroom.drills.shop import server
from warroom.drills.shop.config import Settings
from warroom.drills.shop.context import Context
from warroom.drills.shop.errors import NotFound
from warroom.drills.shop.server import Edge
from warroom.drills.shop.service import build


async def thing(request: Request) -> JSONResponse:
    await asyncio.sleep(0.02)
    if request.path_params["name"] == "missing":
        raise NotFound("no such thing")
    return JSONResponse({"price": 100 // (len(request.path_params["name"]) - 5)})


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def ask(tmp_path, paths, *, concurrency=8, edge=None, source="127.0.1.1"):
    """Statuses of concurrent GETs of the paths, and the telemetry that they left."""
    settings = Settings("toy", "toy-1", 0, tmp_path, tmp_path, concurrency=concurrency)
    app = build(Context(settings), [Route("/things/{name}", thing)], edge)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(source, 4000))

    async def run():
        async with httpx.AsyncClient(transport=transport, base_url="http://toy") as http:
            answers = await asyncio.gather(*(http.get(path) for path in paths))
            return [answer.status_code for answer in answers], (await http.get("/metrics")).text

    return asyncio.run(run())


def test_good_request_leaves_a_span_and_counts(tmp_path):
    statuses, metrics = ask(tmp_path, ["/things/kettle"])
    assert statuses == [200]
    (span,) = lines(tmp_path / "traces" / "toy-1.jsonl")
    assert (span["name"], span["kind"], span["status"]) == ("GET /things/{name}", "server", "unset")
    assert span["attributes"]["http.route"] == "/things/{name}"
    assert span["duration_ms"] >= 20
    assert 'http_requests_total{code="200",method="GET",route="/things/{name}"} 1.0' in metrics


def test_unhandled_error_is_a_500_with_its_stack_in_the_log(tmp_path):
    statuses, _ = ask(tmp_path, ["/things/chair"])
    assert statuses == [500]
    error = next(
        line for line in lines(tmp_path / "logs" / "toy-1.jsonl") if line["level"] == "error"
    )
    assert error["attributes"]["exception.type"] == "ZeroDivisionError"
    assert "in thing" in error["attributes"]["exception.stacktrace"]
    (span,) = lines(tmp_path / "traces" / "toy-1.jsonl")
    assert span["status"] == "error"
    assert span["status_message"].startswith("ZeroDivisionError")
    assert span["trace_id"] == error["trace_id"]


def test_own_errors_keep_their_status(tmp_path):
    statuses, metrics = ask(tmp_path, ["/things/missing", "/nowhere"])
    assert statuses == [404, 404]
    assert 'code="404",method="GET",route="unmatched"} 1.0' in metrics


def test_requests_beyond_the_limit_wait_then_are_shed(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "QUEUE_TIMEOUT_S", 0.05)
    statuses, _ = ask(tmp_path, ["/things/kettle"] * 8, concurrency=1)
    assert statuses.count(503) >= 3  # one at a time, 20 ms each: at most 4 fit into 50 ms + 20
    assert statuses.count(200) >= 2


def test_edge_refuses_blocked_sources_and_rates(tmp_path):
    (tmp_path / "edge.json").write_text('{"blocked": ["127.0.2.0/24"], "limits": {"/things": 2}}')
    blocked, _ = ask(tmp_path, ["/things/kettle"], edge=Edge, source="127.0.2.9")
    limited, _ = ask(tmp_path, ["/things/kettle"] * 5, edge=Edge)
    assert blocked == [403]
    assert sorted(limited) == [200, 200, 429, 429, 429]
