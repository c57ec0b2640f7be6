"""Takes jobs off the queue that has its service's name, one by one, and does them; or, as orders,
puts one on a queue for each order in the files that partners drop."""

import json
import os
import random
import time
from typing import Any

import psycopg
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import start_http_server

from ..shop.config import Settings, WatchedFile
from .jobs import Desk

IDLE_S = 0.1
EXIT_OUT_OF_MEMORY = 137
LOGGED = 0.25  # share of the jobs that went well
ATTEMPTS = 3
PAUSE_S = 2.0  # before the second attempt, twice that before the third
TAKE = """
    SELECT id, payload, trace, attempts FROM jobs
    WHERE queue = %s AND run_at <= now() ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
DONE = "DELETE FROM jobs WHERE id = %s"
AGAIN = "UPDATE jobs SET attempts = attempts + 1, run_at = now() + %s * interval '1s' WHERE id = %s"
GIVE_UP = """
    WITH gone AS (DELETE FROM jobs WHERE id = %s RETURNING id, queue, payload)
    INSERT INTO dead_letters SELECT id, queue, payload, %s FROM gone
"""
CARRIER = "SELECT code, layout FROM carriers WHERE code = %s"
STORE = "INSERT INTO parcels (order_id, carrier, label) VALUES (%s, %s, %s)"
TELL = "INSERT INTO notices (order_id, text) VALUES (%s, %s)"
WRONG = (psycopg.Error, LookupError, ValueError, TypeError)
"""What a job fails with."""


class Orders:
    """Takes partners' files in."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.inbox = desk, desk.settings.config.parent / "inbox"

    def once(self) -> bool:
        """The oldest file; False where there is none."""
        for file in sorted(self.inbox.glob("*.json"))[:1]:
            orders = json.loads(file.read_text())
            for order in orders:
                self.desk.put("labels", order)
            self.desk.log.info(f"took in {len(orders)} orders of a partner")
            file.unlink()
            return True
        return False


class Worker:
    """Does the jobs of one queue."""

    def __init__(self, desk: Desk) -> None:
        self.desk, self.queue = desk, desk.settings.service
        self.limits = WatchedFile(desk.settings.config / "queues.json")
        self.work = {"labels": self.label, "notices": self.notice}[self.queue]

    def once(self) -> bool:
        """Do the next job; False where there is none."""
        desk, wrong = self.desk, None
        with desk.connection.transaction():
            job: Any = desk.connection.execute(TAKE, (self.queue,)).fetchone()
            if job is None:
                return False
            began = time.monotonic()
            wrong = self.do(job)
        took = time.monotonic() - began
        desk.seconds.labels(self.queue, type(wrong).__name__ if wrong else "").observe(took)
        if not wrong and random.random() < LOGGED:
            desk.log.info(f"did job {job['id']} of {self.queue} in {took * 1000:.0f} ms")
        time.sleep(max(0.0, 1 / self.limits.read()[self.queue]["most_per_s"] - took))
        return True

    def do(self, job: dict[str, Any]) -> Exception | None:
        """What went wrong with it: then it is tried again later, or given up."""
        desk, trace = self.desk, json.loads(job["trace"])
        with desk.span("process", self.queue, SpanKind.CONSUMER, trace) as span:
            try:
                with desk.connection.transaction():
                    self.work(json.loads(job["payload"]))
                    desk.connection.execute(DONE, (job["id"],))
                return None
            except WRONG as error:
                if desk.connection.closed:
                    raise
                span.record_exception(error)
                span.set_status(StatusCode.ERROR, f"{type(error).__qualname__}: {error}")
                self.failed(job, error)
                return error

    def failed(self, job: dict[str, Any], error: Exception) -> None:
        desk, tries = self.desk, job["attempts"] + 1
        end = "" if tries < ATTEMPTS else f"; given up after {tries} attempts"
        desk.log.error(f"job of {self.queue} failed: {error}{end}", error)
        if end:
            desk.connection.execute(GIVE_UP, (job["id"], str(error)))
        else:
            desk.connection.execute(AGAIN, (PAUSE_S * tries, job["id"]))

    def label(self, order: dict[str, Any]) -> None:
        """Print a parcel's label, keep it, and have the customer told."""
        [carrier] = self.desk.rows(CARRIER, (order["carrier"],))
        wide = json.loads(carrier["layout"])["wide"]
        if wide * order["pages"] > self.desk.settings.memory_limit_bytes:
            raise MemoryError  # as a container's limit has it, and this machine must not
        label = ("#" * wide * order["pages"])[:wide]
        time.sleep(random.uniform(0.07, 0.09))  # the printer's answer
        self.desk.rows(STORE, (order["order"], carrier["code"], label))
        self.desk.put("notices", {"order": order["order"], "carrier": carrier["code"]})

    def notice(self, parcel: dict[str, Any]) -> None:
        """Tell the customer that the parcel is on its way."""
        time.sleep(random.uniform(0.02, 0.03))  # the mail server's answer
        self.desk.rows(TELL, (parcel["order"], f"On its way with {parcel['carrier']}"))


def main() -> None:
    desk = Desk(Settings.from_environment())
    worker = Orders(desk) if desk.settings.service == "orders" else Worker(desk)
    start_http_server(desk.settings.port, "127.0.0.1", desk.registry)
    desk.log.info("started")
    while True:
        try:
            time.sleep(0 if worker.once() else IDLE_S)
        except psycopg.Error as error:
            desk.log.error(f"the queue cannot be used: {error}", error)
            time.sleep(1)
        except MemoryError:
            desk.log.critical(f"out of memory over a job of {desk.settings.service}")
            os._exit(EXIT_OUT_OF_MEMORY)


if __name__ == "__main__":
    main()
