"""Full-text search by the database's own means: FTS5 or tsvector. What is searched is handed over
with the question: there is too little of it for an index. Words that are asked for are data.
"""

import re
import sqlite3
from collections.abc import Mapping
from contextlib import closing

import sqlalchemy as sa
from sqlalchemy import Engine

from .database import glance

JOINT, WORD, MOST = re.compile(r"(?<=[a-z])(?=[A-Z])"), re.compile(r"[^\W_]{2,40}"), 60
"""Where PoolExhausted is two words; what is a word; how many are looked for."""
POSTGRESQL = sa.text(
    "SELECT name, ts_headline('english', body, asked, "
    "'StartSel=«, StopSel=», MaxWords=14, MinWords=6') FROM "
    "unnest(CAST(:names AS text[]), CAST(:texts AS text[])) AS told(name, body), "
    "to_tsvector('english', body) AS words, websearch_to_tsquery('english', :asked) AS asked "
    "WHERE words @@ asked ORDER BY ts_rank(words, asked) DESC, name LIMIT :most"
)
SQLITE = "SELECT name, snippet(t, 1, '«', '»', '…', 12) FROM t(?) ORDER BY rank LIMIT ?"
TELLS_NOTHING = re.compile(
    "an?|and|are|as|at|by|for|from|in|is|it|no|not|of|on|or|that|the|to|was|were|with"
)
"""PostgreSQL leaves such words out by itself."""


def search(engine: Engine, texts: Mapping[str, str], told: str, most: int) -> list[tuple[str, str]]:
    """Names of the texts that have words of what is told, the best first, each with the place."""
    every = dict.fromkeys(WORD.findall(JOINT.sub(" ", told).lower()))
    words = [word for word in every if not TELLS_NOTHING.fullmatch(word)][:MOST]
    if not words or not texts:
        return []
    if engine.dialect.name == "postgresql":
        given = {"names": list(texts), "texts": list(texts.values()), "asked": " or ".join(words)}
        with glance(engine).begin() as connection:
            found = connection.execute(POSTGRESQL, {**given, "most": most})
            return [(name, where) for name, where in found]
    with closing(sqlite3.connect(":memory:")) as here:
        here.execute("CREATE VIRTUAL TABLE t USING fts5(name UNINDEXED, body, tokenize=porter)")
        here.executemany("INSERT INTO t VALUES (?, ?)", texts.items())
        return here.execute(SQLITE, (" OR ".join(f'"{word}"' for word in words), most)).fetchall()
