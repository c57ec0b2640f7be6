"""How numbers are written in sentences, and by what they are found again."""

import pytest

from warroom.agents.reasoning.figures import Held, figures


@pytest.mark.parametrize(
    ("text", "value", "held"),
    [
        ("it examined 1.11e+06 rows", 1_112_345.0, True),
        ("it examined 2.5e+06 rows", 1_112_345.0, False),
        ("it took 1.5e-03", 0.0015, True),
        ("about 5 of them", 5.0, True),
    ],
)
def test_a_number_may_be_written_as_tables_show_it(text: str, value: float, held: bool) -> None:
    (figure,) = figures(text)
    assert Held(values=[value]).has(figure) is held


@pytest.mark.parametrize(
    ("text", "held"), [("back to 1501", True), ("back to 1433", False), ("back to 150", False)]
)
def test_a_version_may_be_called_by_its_last_digits(text: str, held: bool) -> None:
    (figure,) = figures(text)
    assert Held(texts=["deploy v2026.06.18-1501 of frontend"]).has(figure) is held


def test_a_time_may_end_a_part_of_a_sentence() -> None:
    assert [f.kind for f in figures("at 10:31:19: nothing came back")] == ["clock"]
