"""A worker: takes jobs off the queue that has its service's name, one at a time, and does them."""

import json
import os
import random
import resource
import time
from typing import Any

import psycopg
from opentelemetry.trace import SpanKind, StatusCode
from prometheus_client import start_http_server

from ..shop.config import Settings, WatchedFile
from .jobs import AGAIN, ATTEMPTS, DONE, GIVE_UP, PAUSE_S, TAKE, Desk

IDLE_S = 0.1
EXIT_OUT_OF_MEMORY = 137
LOGGED = 0.25  # share of the jobs that went well
CARRIER = "SELECT code, layout FROM carriers WHERE code = %s"
STORE = "INSERT INTO parcels (order_id, carrier, label) VALUES (%s, %s, %s)"
TELL = "INSERT INTO notices (order_id, text) VALUES (%s, %s)"
WRONG = (psycopg.Error, LookupError, ValueError, TypeError)
"""What a job fails with."""


class Worker:
    """Does the jobs of one queue."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.queue = desk.settings.service
        self.limits = WatchedFile(desk.settings.config / "queues.json")
        self.work = {"labels": self.label, "notices": self.notice}[self.queue]

    def once(self) -> bool:
        """Do the next job; False where there is none."""
        desk = self.desk
        with desk.connection.transaction():
            job = desk.connection.execute(TAKE, (self.queue,)).fetchone()
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
        number = job["attempts"] + 1
        desk, what = self.desk, f"job of {self.queue} failed: {error}"
        if number < ATTEMPTS:
            desk.log.error(what, error, **{"messaging.message.id": job["id"]})
            desk.connection.execute(AGAIN, (PAUSE_S * number, job["id"]))
        else:
            desk.log.error(f"{what}; given up after {number} attempts", error)
            desk.connection.execute(GIVE_UP, (job["id"], str(error)))

    def label(self, order: dict[str, Any]) -> None:
        """Print a parcel's label, keep it, and have the customer told."""
        [carrier] = self.desk.rows(CARRIER, (order["carrier"],))
        wide = json.loads(carrier["layout"])["wide"]
        label = ("#" * wide * order["pages"])[:wide]
        time.sleep(random.uniform(0.07, 0.09))  # the printer's answer
        self.desk.rows(STORE, (order["order"], carrier["code"], label))
        self.desk.put("notices", {"order": order["order"], "carrier": carrier["code"]})

    def notice(self, parcel: dict[str, Any]) -> None:
        """Tell the customer that the parcel is on its way."""
        time.sleep(random.uniform(0.02, 0.03))  # the mail server's answer
        self.desk.rows(TELL, (parcel["order"], f"On its way with {parcel['carrier']}"))


def bound_memory(limit_bytes: int) -> None:
    """So much more than it has now, as a container would give."""
    with open("/proc/self/statm") as file:
        most = int(file.read().split()[0]) * resource.getpagesize() + limit_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def main() -> None:
    desk = Desk(Settings.from_environment())
    worker = Worker(desk)
    start_http_server(desk.settings.port, "127.0.0.1", desk.registry)
    bound_memory(desk.settings.memory_limit_bytes)
    desk.log.info("started")
    while True:
        try:
            if not worker.once():
                time.sleep(IDLE_S)
        except psycopg.Error as error:
            desk.log.error(f"no job can be taken: {error}", error)
            time.sleep(1)
        except MemoryError:
            desk.log.critical(f"out of memory over a job of {worker.queue}")
            os._exit(EXIT_OUT_OF_MEMORY)


if __name__ == "__main__":
    main()
