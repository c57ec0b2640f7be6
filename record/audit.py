"""The audit log: every decision and effect, appended in the transaction that makes it so.

Each row carries a seal: HMAC-SHA256, under a key in a file of its own, over the row and the seal
before it. A head row says how many there are, sealed too. So an edited row, one that is missing,
two that changed places, one that was added without the key and a tail that was cut off all show.
The database refuses to change or delete rows, which stops mistakes rather than attackers.

What it does not protect from: whoever has the key and the database writes what they like, and
whoever has the database puts an older whole log back. Against both, keep `NUMBER:SEAL` of the head
somewhere else from time to time and hand it to `verify`.
"""

import hashlib
import hmac
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue
from sqlalchemy import Connection, Engine, RowMapping, insert, select, update

from ..errors import InputError, StoreError
from ..incident.evidence import canonical
from .database import AUDIT_KEY, reader
from .tables import AUDIT, AUDIT_HEAD, insert_once

SEALED = ("number", "at", "actor", "act", "incident_id", "detail")


@dataclass(frozen=True)
class Audited:
    """What was found: the last row that is whole; `fault` says what is wrong with the next."""

    number: int
    seal: str
    fault: str = ""

    @property
    def head(self) -> str:
        """To be kept elsewhere: a later log must still hold it."""
        return f"{self.number}:{self.seal}"


def add(
    connection: Connection,
    actor: str,
    act: str,
    incident_id: str | None = None,
    detail: Mapping[str, JsonValue] | None = None,
) -> None:
    """Append a row as a part of the caller's transaction, one after the other from here on until
    that ends.

    Args:
        connection: in a transaction that fails as a whole if this does.
        actor: an authenticated identity.
        act: what was done, a verb: approve, execute, revoke token.
        incident_id: where it belongs to one.
        detail: what exactly, JSON.

    Raises StoreError where the log is sealed with another key.
    """
    key = _key(connection)
    head = _head(connection, key)
    row = {
        "number": head["number"] + 1,
        "at": time.time(),
        "actor": actor,
        "act": act,
        "incident_id": incident_id,
        "detail": canonical(dict(detail or {})).decode(),
    }
    seal = _row_seal(key, head["last"], row)
    connection.execute(insert(AUDIT).values(seal=seal, **row))
    ends = {"number": row["number"], "last": seal, "seal": _head_seal(key, row["number"], seal)}
    connection.execute(update(AUDIT_HEAD).values(ends))


def check_key(engine: Engine) -> None:
    """For a process that begins: raises StoreError where the log is sealed with another key."""
    with reader(engine).begin() as connection:
        name = connection.execute(select(AUDIT_HEAD.c.key)).scalar()
        if name is not None and name != _name(_key(connection)):
            raise StoreError(OTHER_KEY)


def verify(engine: Engine, head: str = "") -> Audited:
    """Go through the whole log.

    head: `NUMBER:SEAL` as it was once written down elsewhere; that row must still be there.
    Raises InputError for a head that is none.
    """
    known = _parsed(head) if head else None
    with reader(engine).begin() as connection:
        key = _key(connection)
        ends = connection.execute(select(AUDIT_HEAD)).mappings().first()
        query = select(AUDIT).order_by(AUDIT.c.number).execution_options(yield_per=1000)
        rows = connection.execute(query).mappings()
        return _checked(key, ends, rows, known)


def _checked(
    key: bytes,
    ends: RowMapping | None,
    rows: Iterable[RowMapping],
    known: tuple[int, str] | None,
) -> Audited:
    if ends is not None and ends["key"] != _name(key):
        return Audited(0, "", OTHER_KEY)
    number, seal = 0, ""
    for row in rows:
        fault = _row_fault(key, number, seal, row)
        if not fault and known and known[0] == row["number"] and known[1] != row["seal"]:
            fault = f"row {row['number']} is another one than was written down"
        if fault:
            return Audited(number, seal, fault)
        number, seal = row["number"], row["seal"]
    return Audited(number, seal, _end_fault(key, ends, number, seal, known))


def _row_fault(key: bytes, number: int, seal: str, row: RowMapping) -> str:
    if row["number"] != number + 1:
        return f"row {number + 1} is missing"
    if not hmac.compare_digest(row["seal"], _row_seal(key, seal, row)):
        return f"row {number + 1} is not what was written, or was written without the key"
    return ""


def _end_fault(
    key: bytes, ends: RowMapping | None, number: int, seal: str, known: tuple[int, str] | None
) -> str:
    """What the head row says against the last row, and what was written down elsewhere."""
    if known and known[0] > number:
        return f"row {number + 1} is missing: {known[0]} were written down"
    if ends is None:
        return f"the head row is gone, after row {number}" if number else ""
    if not hmac.compare_digest(ends["seal"], _head_seal(key, ends["number"], ends["last"])):
        return f"the head row is not what was written, after row {number}"
    if ends["number"] > number:
        return f"row {number + 1} is missing: there were {ends['number']}"
    if (ends["number"], ends["last"]) != (number, seal):
        return f"row {ends['number'] + 1} was not counted when it was written"
    return ""


OTHER_KEY = (
    "the log is sealed with another key: put the key's file back, or name it with WARROOM_AUDIT_KEY"
)


def _key(connection: Connection) -> bytes:
    """The key's bytes; none for a server whose key's file nobody named: plain hashes."""
    return connection.get_execution_options()[AUDIT_KEY]()


def _head(connection: Connection, key: bytes) -> RowMapping:
    """The head row, locked until the transaction ends; made with the first row."""
    first = {"number": 0, "last": "", "seal": _head_seal(key, 0, ""), "key": _name(key)}
    query = select(AUDIT_HEAD).with_for_update()
    head = connection.execute(query).mappings().first()
    if head is None:
        if connection.execute(select(AUDIT.c.number)).first() is not None:
            raise StoreError("the audit log has lost its head row: restore it from a backup")
        insert_once(connection, AUDIT_HEAD, id=1, **first)
        head = connection.execute(query).mappings().one()
    if head["key"] != _name(key):
        raise StoreError(OTHER_KEY)
    return head


def _name(key: bytes) -> str:
    """Tells keys apart and nothing else about them."""
    return _seal(key, "key")[:16]


def _row_seal(key: bytes, before: str, row: Mapping[str, JsonValue] | RowMapping) -> str:
    return _seal(key, "row", before, *(row[name] for name in SEALED))


def _head_seal(key: bytes, number: int, last: str) -> str:
    return _seal(key, "head", number, last)


def _seal(key: bytes, *parts: JsonValue) -> str:
    return hmac.new(key, canonical(list(parts)), hashlib.sha256).hexdigest()


def _parsed(head: str) -> tuple[int, str]:
    number, _, seal = head.strip().partition(":")
    if not (number.isascii() and number.isdigit() and seal):
        raise InputError(f"{head!r} is no head; give NUMBER:SEAL as `warroom audit verify` says it")
    return int(number), seal
