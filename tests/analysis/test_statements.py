"""What lines say, in few words: values and everybody's words go, the beginning stays."""

from warroom.analysis.templates import statements


def test_values_do_not_tell_statements_apart():
    lines = ["price 12 of item 9 failed", "price 77 of item 3 failed", "stock is empty"]
    names, label = statements(lines, ["cart", "cart", "stock"])
    assert names == ("price of item failed", "stock is empty")
    assert label.tolist() == [0, 0, 1]


def test_a_line_of_nothing_but_a_value_is_one_statement():
    names, label = statements(["42", "1700"], ["cart", "cart"])
    assert len(names) == 1
    assert label.tolist() == [0, 0]


def test_words_of_more_than_half_of_the_services_say_nothing():
    lines = ["INFO got cart", "INFO sent mail", "INFO charged card", "found ads"]
    names, label = statements(lines, ["cart", "mail", "pay", "ads"])
    assert names == ("charged card", "found ads", "got cart", "sent mail")
    assert label.tolist() == [2, 3, 0, 1]
    # half of them is not more than half
    halved, _ = statements([*lines[:2], "charged card", lines[3]], ["cart", "mail", "pay", "ads"])
    assert "INFO got cart" in halved


def test_of_three_services_nobody_knows_what_is_everybodys():
    names, _ = statements(["INFO got", "INFO sent", "INFO paid"], ["cart", "mail", "pay"])
    assert all(name.startswith("INFO") for name in names)


def test_a_line_of_shared_words_alone_keeps_them():
    names, label = statements(["INFO", "INFO", "INFO", "INFO odd"], ["a", "b", "c", "d"])
    assert names == ("INFO", "odd")
    assert label.tolist() == [0, 0, 0, 1]


def test_only_the_beginning_is_read():
    lines = ["a b c d e f g h then this", "a b c d e f g h and that", "a b c d e f g\nh"]
    names, label = statements(lines, ["cart"] * 3)
    assert label[0] == label[1]
    assert "a b c d e f g h" in names
    assert not any("then" in name for name in names)


def test_no_lines_are_no_statements():
    names, label = statements([], [])
    assert names == () and label.size == 0
