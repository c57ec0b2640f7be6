"""Texts by a regular expression that anybody may have written: RE2 takes time linear in the text.

Python's own `re` may take forever, and holds up every thread while it does.
"""

from collections.abc import Iterator, Sequence
from functools import cache

import duckdb

BLOCK = 4_000_000
"""Characters that are searched at once: DuckDB has little memory here."""
QUERY = """
SELECT i FROM (SELECT unnest($texts) AS t, generate_subscripts($texts, 1) - 1 AS i)
WHERE regexp_matches(t, $pattern)
"""


def matches(pattern: str, texts: Sequence[str]) -> tuple[list[int], bool]:
    """(indices of the texts that match in any case, whether the pattern was taken as plain text).

    What RE2 does not know (look-around, back references, an unclosed bracket) is searched as it is
    written.
    """
    written = _encodable(pattern)
    with _database().cursor() as db:
        try:
            db.execute("SELECT regexp_matches('', ?)", [f"(?im){written}"])
        except duckdb.Error:
            plain = written.casefold()
            return [i for i, text in enumerate(texts) if plain in _encodable(text).casefold()], True
        found = []
        for start, block in _blocks(texts):
            rows = db.execute(QUERY, {"texts": block, "pattern": f"(?im){written}"}).fetchall()
            found += [start + row[0] for row in rows]
    return sorted(found), False


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One for the process: opening one takes longer than most searches."""
    return duckdb.connect(config={"threads": 1, "memory_limit": "256MB"})


def _blocks(texts: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """(index of the first, texts) in blocks of a bearable size."""
    start, size, block = 0, 0, []
    for number, text in enumerate(texts):
        if block and size + len(text) > BLOCK:
            yield start, block
            start, size, block = number, 0, []
        block.append(_encodable(text))
        size += len(text)
    if block:
        yield start, block


def _encodable(text: str) -> str:
    """Half characters, which JSON can spell and UTF-8 cannot, as question marks."""
    return text.encode(errors="replace").decode()
