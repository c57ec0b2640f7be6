"""A fake of systemd's journal gateway, made from its manual page: fields, and entries by cursor."""

import json
import re
from typing import Any

from warroom.tests.support.http_backends import Question, Reply
from warroom.tests.support.log_backends import Entry, LogBackend

JSON = "application/json"
PRIORITIES = {"error": "3", "warning": "4"}


class JournalBackend(LogBackend):
    """A cursor is a time, or an entry's number."""

    service = "_SYSTEMD_UNIT"

    def write(self, modality: str, *rows: dict[str, Any]) -> None:
        """A service is a unit."""
        for row in rows if modality == "logs" else ():
            labels = row.get("labels", {})
            fields = {
                self.service: f"{row['service']}.service",
                "PRIORITY": PRIORITIES.get(labels.get("level", ""), "6"),
            }
            self.entries.append(Entry(round(row["ts"] * 1e6) * 1000, fields, row["message"]))

    def _answer(self, question: Question) -> Reply:
        if field := re.fullmatch(r"/fields/(\w+)", question.path):
            values = dict.fromkeys(one.labels.get(field[1], "") for one in self.entries)
            found = (json.dumps({field[1]: value}) + "\n" for value in values if value)
            return Reply("".join(found).encode() if question.headers["accept"] == JSON else b"")
        place = re.fullmatch(
            r"entries=(?:t=([0-9a-f]+)|(\d+)):(\d+):(\d+)", question.headers["range"]
        )
        if question.path != "/entries" or not place:
            raise ValueError("unknown")
        known = sorted(enumerate(self.entries), key=lambda pair: pair[1].ns)
        entries = [_entry(number, one) for number, one in known]
        if place[1]:
            entries = [
                one for one in entries if one["__REALTIME_TIMESTAMP"] >= str(int(place[1], 16))
            ]
        else:
            entries = entries[[one["__CURSOR"] for one in entries].index(place[2]) :]
        found = [
            one
            for one in entries[int(place[3]) :]
            if all(one.get(name) in values for name, values in question.params.items())
        ]
        return Reply(b"".join(map(_exported, found[: int(place[4])])))


def _entry(number: int, one: Entry) -> dict[str, str]:
    return {
        "__CURSOR": str(number),
        "__REALTIME_TIMESTAMP": str(one.ns // 1000),
        "_HOSTNAME": "host-1",
        "_MACHINE_ID": "f" * 32,
        "MESSAGE": one.text,
        **one.labels,
    }


def _exported(entry: dict[str, str]) -> bytes:
    """Each value with its length before it, as those with a line break have to be."""
    fields = ((name.encode(), value.encode()) for name, value in entry.items())
    return (
        b"".join(
            name + b"\n" + len(value).to_bytes(8, "little") + value + b"\n"
            for name, value in fields
        )
        + b"\n"
    )
