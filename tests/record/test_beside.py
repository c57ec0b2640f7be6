"""Another process looks at the files that this one has open, and closes them: `warroom incidents`
beside `warroom serve`. What is written afterwards must still be there for everybody."""

import subprocess
import sys
from pathlib import Path

from sqlalchemy import text

from warroom.record.checkpoints import open_checkpointer
from warroom.record.database import open_database
from warroom.settings import Settings

LOOK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(*connection.execute("SELECT count(*) FROM kept").fetchone())
connection.close()
"""


def seen(file: Path) -> int:
    """How many rows another process finds."""
    command = [sys.executable, "-c", LOOK, str(file)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_what_is_written_after_another_process_looked_is_there(tmp_path: Path) -> None:
    file = tmp_path / "warroom.db"
    first = open_database(file)
    with first.begin() as connection:
        connection.execute(text("CREATE TABLE kept (number INTEGER)"))
    open_database(file)  # the worker's, in the same process
    for number in range(3):
        with first.begin() as connection:
            connection.execute(text(f"INSERT INTO kept VALUES ({number})"))
        assert seen(file) == number + 1


def test_so_are_the_checkpoints_of_several_threads(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with open_checkpointer(settings) as first:
        connection = first.conn  # pyright: ignore
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE kept (number INTEGER)")
        with open_checkpointer(settings):  # another thread's
            for number in range(3):
                connection.execute("INSERT INTO kept VALUES (?)", (number,))
                connection.commit()
                assert seen(settings.checkpoints) == number + 1
