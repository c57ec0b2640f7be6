"""The partners: a process that drops files of orders into the parcel desk's inbox, steered as the
customers are; their one kind of visit is "orders"."""

import random
import sys
import time
from itertools import count
from pathlib import Path

import numpy as np

from .layout import Layout
from .repositories import write_json
from .traffic import Steering, rate_at

EVERY_S = 0.5
ORDERS_PER_S = 12.0
CARRIERS = ("swift", "parcelo", "northpost", "quickbox")


def main(root: Path) -> None:
    layout, luck, number = Layout.load(root), np.random.default_rng(), 0
    inbox, began = layout.root / "inbox", time.monotonic()
    inbox.mkdir(exist_ok=True)
    for file in count(1):
        steering, orders = Steering.load(layout.traffic / "steering.json"), []
        rate = rate_at(ORDERS_PER_S, time.monotonic() - began) * steering.surge.get("orders", 1.0)
        for _ in range(luck.poisson(rate * EVERY_S)):
            number, carrier, pages = number + 1, random.choice(CARRIERS), random.choice((1, 1, 2))
            orders.append({"order": f"P-{number:06d}", "carrier": carrier, "pages": pages})
        write_json(inbox / f"{file:06d}.json", orders)
        time.sleep(EVERY_S)
        taken = file - len(list(inbox.glob("*.json")))
        write_json(layout.traffic / "answers.json", {"answers": {"taken": taken} if taken else {}})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
