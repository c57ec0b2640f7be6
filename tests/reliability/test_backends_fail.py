"""What Warroom leans on is down, slow or lies: it goes on with what is left, and says so."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xmlrpc import client

import pytest

from warroom.incident.timeline import from_ts
from warroom.record.tables import OUTBOX
from warroom.tests.support.alerts import posted
from warroom.tests.support.installations import ENDS, Asked, Installation
from warroom.tests.support.responses import HANGS, ONSET
from warroom.tests.support.shop_bundle import Fault, Shop, run_shop

pytestmark = pytest.mark.reliability
WELL = ("resolved", "closed", "noise")


class Liar(BaseHTTPRequestHandler):
    """A model's endpoint that answers, and nothing useful."""

    answer = (500, b"")

    def do_POST(self) -> None:
        self.server.asked += 1  # type: ignore[attr-defined]
        status, body = self.server.answer  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST

    def log_message(self, format: str, *_: object) -> None:
        """Nothing."""


@contextmanager
def goes_on(shop: Shop) -> Iterator[None]:
    """Traffic and scrapes each second, as in a system that lives."""
    over = threading.Event()

    def each_second() -> None:
        while not over.wait(max(0.0, shop.bundle.start + shop.second + 1 - time.time())):
            shop.one_second(rps=8)
            shop.bundle.flush()

    thread = threading.Thread(target=each_second, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def model(kind: str) -> Iterator[str]:
    """The URL of a model that is of no use in this way."""
    if kind in ("gone", "silent"):
        with socket.socket() as quiet:
            quiet.bind(("127.0.0.1", 0))
            if kind == "silent":
                quiet.listen(64)
            yield f"http://127.0.0.1:{quiet.getsockname()[1]}/v1"
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), Liar) as server:
        server.daemon_threads = True
        server.asked = 0  # type: ignore[attr-defined]
        server.answer = {  # type: ignore[attr-defined]
            "broken": (500, b"oops"),
            "garbage": (200, b"\xff\x00<html>"),
        }[kind]
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()


@pytest.mark.parametrize("kind", ["gone", "silent", "broken", "garbage"])
def test_a_model_that_is_down_throughout(on_a_file: Installation, kind: str) -> None:
    with model(kind) as url:
        limits = {"WARROOM_CALL_S": "0.5", "WARROOM_SPECIALIST_S": "2", "WARROOM_RETRIES": "0"}
        with on_a_file.serve(WARROOM_MODEL_BASE_URL=url, WARROOM_MODEL="m", **limits) as warroom:
            warroom.send()
            question = warroom.asked_for()
            assert question["title"] == "restart payments"
            warroom.approve_until_over()
            document = warroom.get(f"/incidents/{question['incident_id']}")
            assert on_a_file.world.starts() == 1
            assert document["state"] not in WELL


def spoil(bundle: Path, kind: str) -> None:
    """Make telemetry useless in this way."""
    files = [path for path in bundle.rglob("*.jsonl") if path.is_file()]
    if kind == "gone":
        shutil.rmtree(bundle)
    for path in files if kind == "garbage" else ():
        path.write_bytes(os.urandom(20_000) + b'\n{}\n[1]\n{"ts": "x"}\n')
    for path in files if kind == "pipes" else ():
        path.unlink()
        os.mkfifo(path)
    for path in files if kind == "empty" else ():
        path.write_bytes(b"")


def at_its_end(warroom: Asked, incident: str) -> bool:
    """Whether it is as far as it gets: over, a person's, or it failed and is tried again later."""
    for line in warroom.questions():
        warroom.answer(line)
    row = warroom.status(incident)
    return row["status"] in (*ENDS, "stuck") or row["attempts"] > 0


@pytest.mark.parametrize("kind", ["gone", "garbage", "pipes", "empty"])
def test_telemetry_that_is_of_no_use(on_a_file: Installation, recording: Path, kind: str) -> None:
    bundle = on_a_file.folder / "spoiled"
    shutil.copytree(recording, bundle)
    on_a_file.bundle = bundle
    with on_a_file.serve() as warroom:
        spoil(bundle, kind)
        warroom.send()
        (line,) = warroom.until(warroom.incidents)
        warroom.until(lambda: at_its_end(warroom, line["id"]))
        document = warroom.get(f"/incidents/{line['id']}")
        assert document["state"] not in WELL
        assert document["gaps"] or warroom.status(line["id"])["why"]
        assert on_a_file.world.acted == []


def test_telemetry_that_comes_back_is_read_again(on_a_file: Installation, recording: Path) -> None:
    bundle = on_a_file.folder / "away"
    shutil.copytree(recording, bundle)
    on_a_file.bundle = bundle
    with on_a_file.serve() as warroom:
        bundle.rename(on_a_file.folder / "elsewhere")
        warroom.send()
        (line,) = warroom.until(warroom.incidents)
        warroom.until(lambda: warroom.status(line["id"])["attempts"] > 0)
        (on_a_file.folder / "elsewhere").rename(bundle)
        assert warroom.status(line["id"])["status"] not in (*ENDS, "stuck")
        assert warroom.asked_for()["title"] == "restart payments"


def test_what_verifies_is_down(on_a_file: Installation, recording: Path) -> None:
    bundle = on_a_file.folder / "lost"
    shutil.copytree(recording, bundle)
    on_a_file.bundle = bundle

    def lose(method: str, _name: str) -> None:
        if method == "startProcess":
            spoil(bundle, "gone")

    on_a_file.world.after = lose
    with on_a_file.serve() as warroom:
        warroom.send()
        question = warroom.asked_for()
        warroom.answer(question)
        warroom.until(lambda: not bundle.exists())
        warroom.until(lambda: at_its_end(warroom, question["incident_id"]))
        document = warroom.get(f"/incidents/{question['incident_id']}")
        assert document["state"] not in WELL
        assert {each["outcome"] for each in document["executions"]} <= {"unverified", "started"}
        shutil.copytree(recording, bundle)
        warroom.approve_until_over()
        assert on_a_file.world.starts() == 1


def test_messages_that_cannot_leave_hold_nothing_up(on_a_file: Installation) -> None:
    def unsent() -> list[str]:
        return [row.key for row in on_a_file.rows(OUTBOX) if row.sent_at is None]

    with on_a_file.serve() as warroom:
        warroom.send()
        question = warroom.asked_for()
        folder = on_a_file.home / "incidents" / question["incident_id"] / "messages"
        warroom.until(folder.is_dir)
        folder.rename(folder.with_name("aside"))
        folder.write_text("a file where a folder should be")
        warroom.approve_until_over()
        assert on_a_file.world.starts() == 1
        assert warroom.until(unsent)
        folder.unlink()
        warroom.until(lambda: not unsent())
        assert list(folder.iterdir())


def test_an_action_that_hangs(installation: Installation) -> None:
    """It may still happen: it is neither called done nor failed, and holds up nobody else."""
    world, go_on = installation.world, threading.Event()

    def hang(method: str, _name: str) -> None:
        if method == "stopProcess":
            world.before = lambda *_: None
            go_on.wait(60)

    world.before = hang
    with installation.serve() as warroom:
        warroom.send()
        question = warroom.asked_for()
        warroom.answer(question)
        warroom.send(posted("login", 9, environment="other"))
        incident = question["incident_id"]
        warroom.until(lambda: len(warroom.incidents()) == 2)
        warroom.until(
            lambda: (
                warroom.get(f"/incidents/{incident}")["executions"]
                or [q for q in warroom.questions("effect") if q["incident_id"] == incident]
            )
        )
        go_on.set()
        warroom.approve_until_over(incident)
        document = warroom.get(f"/incidents/{incident}")
        assert document["state"] not in WELL
        assert world.starts("payments-1") <= 1, world.acted


def test_an_action_that_fails_half_way_says_what_was_done(installation: Installation) -> None:
    world = installation.world
    world.pids["payments-2"] = 2000
    world.running["payments-2"] = True

    def refuse(method: str, name: str) -> None:
        if (method, name) == ("stopProcess", "payments-2"):
            raise client.Fault(91, "FAILED: permission denied")

    world.before = refuse
    with installation.serve() as warroom:
        warroom.send()
        warroom.asked_for()
        warroom.approve_until_over()
        (line,) = warroom.incidents()
        document = warroom.get(f"/incidents/{line['id']}")
        assert world.starts("payments-1") == 1
        (done,) = document["executions"]
        assert [part["instance"] for part in done["receipt"]["restarted"]] == ["payments-1"], done
        assert document["state"] not in WELL


def test_an_action_that_makes_it_worse(on_a_file: Installation) -> None:
    """After the restart every request fails, where some did before."""
    start = time.time() - 90
    on_a_file.bundle = on_a_file.folder / "live"
    windows = {"stabilise_s": 2, "verify_s": 6}
    shop = run_shop(on_a_file.bundle, HANGS, start=start, windows=windows)

    def worse(method: str, _name: str) -> None:
        if method == "startProcess":
            shop.fault = Fault("errors", "gateway", share=1.0)

    on_a_file.world.after = worse
    with goes_on(shop), on_a_file.serve() as warroom:
        warroom.send(posted(at=from_ts(start + ONSET + 5)))
        question = warroom.asked_for()
        assert warroom.answer(question).status_code == 200

        def outcome() -> str:
            done = warroom.get(f"/incidents/{question['incident_id']}")["executions"]
            return done[0]["outcome"] if done else "started"

        warroom.until(lambda: outcome() != "started")
        document = warroom.get(f"/incidents/{question['incident_id']}")
        assert outcome() == "worse", document["executions"]
        assert document["state"] not in WELL
        assert on_a_file.world.starts("payments-1") == 1
