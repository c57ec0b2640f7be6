"""A secret that a program wrote into its log goes on no record, and what is said still holds."""

import zlib
from pathlib import Path

import sqlalchemy as sa

from warroom.incident.action import Verdict
from warroom.incident.evidence import check_quotes
from warroom.record.store import Store
from warroom.tests.support.responses import begin, finish, room_over
from warroom.tests.support.shop_bundle import Fault, write_shop

SECRET = "Tr0ub4dor3xyz99"
SAID = "division by zero for order"


def telling(home: Path) -> None:
    """A bundle in which every failure tells how it reached the database."""
    root = write_shop(home / "bundle", Fault("errors", "checkout"))
    (file,) = (each for each in root.glob("logs/*") if SAID in each.read_text())
    dsn = f"division by zero at postgresql://shop:{SECRET}@db/shop password={SECRET} order"
    text = file.read_text().replace(SAID, dsn)
    assert SECRET in text
    file.write_text(text)


def rows(store: Store) -> list[str]:
    """Everything in every table, unpacked; checkpoints lie there too on a server."""
    with store.reading.begin() as connection:
        found = sa.MetaData()
        found.reflect(connection)
        cells = [
            cell
            for table in found.tables.values()
            for row in connection.execute(sa.select(table))
            for cell in row
        ]
    packed = [cell for cell in cells if isinstance(cell, bytes)]
    return [*map(str, cells), *(unpacked(cell) for cell in packed)]


def unpacked(cell: bytes) -> str:
    try:
        return zlib.decompress(cell).decode()
    except zlib.error:
        return cell.decode(errors="replace")


def test_a_logged_secret_stands_in_no_row(tmp_path: Path, place: Path | str) -> None:
    telling(tmp_path)
    context = room_over(tmp_path, place=place)
    response, incident = begin(context)
    finish(response, incident, Verdict.approved)
    store = context.store
    assert [row[:200] for row in rows(store) if SECRET in row] == []
    files = [file for file in context.settings.home.rglob("*") if file.is_file()]
    told = [file for file in files if "bundle" not in file.parts]
    assert [str(file) for file in told if SECRET.encode() in file.read_bytes()] == []

    document = store.load(incident)
    held = {record.id: record for record in document.evidence}
    masked = [r.id for r in document.evidence if "[SECRET_0" in str(store.payload(r.digest))]
    assert masked
    quotes = [quote for finding in document.findings for quote in finding.quotes]
    assert any(quote.evidence in masked for quote in quotes)
    check_quotes(quotes, held, store.payload)
    assert [each.reason for each in document.dropped] == []
