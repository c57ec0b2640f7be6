"""Names and rights of what is written."""

import os
import stat

import pytest

from warroom.incident.private import file_name, write_private
from warroom.record.store import Store


@pytest.mark.parametrize(
    "words",
    ["team/payments", "../../../x", "s" * 260, "a\x00b", "a\x1b[2Jb", "", "..", "支付", "\ud800"],
)
def test_a_name_is_one_safe_part_of_a_path(tmp_path, words):
    name = file_name(words)
    assert name.strip(".") and "/" not in name and len(name.encode()) < 120
    write_private(tmp_path / name, "x")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert file_name(words) == name


def test_names_keep_apart_and_plain_ones_stay():
    assert file_name("checkout-error_rate") == "checkout-error_rate"
    assert len({file_name(words) for words in ("a/b", "a-b", "a b", "s" * 260, "s" * 261)}) == 5


def test_what_is_written_is_for_its_owner_whatever_the_umask(tmp_path):
    old = os.umask(0)
    try:
        write_private(tmp_path / "text", "lone \ud800")
        Store.open(tmp_path / "home" / "warroom.db").incidents()
    finally:
        os.umask(old)
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) >= 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {0o600}
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_a_file_that_cannot_be_replaced_leaves_nothing_half_written(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError):
        write_private(tmp_path / "taken", "x")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
