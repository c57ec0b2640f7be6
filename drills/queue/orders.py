"""Orders: reads the files that partners drop into the inbox and puts a job on the queue for each."""

import json
import time

import psycopg
from prometheus_client import start_http_server

from ..shop.config import Settings
from .jobs import Desk

LOOK_S = 0.2


def take_in(desk: Desk) -> None:
    """Everything that lies in the inbox, the oldest file first."""
    for file in sorted((desk.settings.config.parent / "inbox").glob("*.json")):
        orders = json.loads(file.read_text())
        with desk.tracer.start_as_current_span("import file"):
            for order in orders:
                desk.put("labels", order)
            desk.log.info(f"took in {len(orders)} orders of a partner")
        file.unlink()


def main() -> None:
    desk = Desk(Settings.from_environment())
    start_http_server(desk.settings.port, "127.0.0.1", desk.registry)
    desk.log.info("started")
    while True:
        try:
            take_in(desk)
        except psycopg.Error as error:
            desk.log.error(f"orders cannot be put on the queue: {error}", error)
            time.sleep(1)
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main()
