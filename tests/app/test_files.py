"""The incident's files and pictures, and the graph's."""

import re
from xml.etree import ElementTree

import pytest

from warroom.app.charts.incident_charts import charts, timeline_chart
from warroom.app.charts.signal import ChartMark, signal_chart
from warroom.app.charts.svg import ticks, time_step
from warroom.app.charts.tracks import Track, guilty
from warroom.app.files import write_files
from warroom.console.figures import sparks
from warroom.console.picture_layout import depths, forward, lanes, without
from warroom.incident.document import Incident
from warroom.incident.evidence import Evidence
from warroom.incident.timeline import from_ts
from warroom.telemetry.bundle import open_bundle
from warroom.tests.support.bundles import START
from warroom.tests.support.consoles import context, kept, paper, printed
from warroom.tests.support.incidents import full, minimal, noise
from warroom.tests.support.shop_bundle import Fault, write_shop

SVG = "{http://www.w3.org/2000/svg}"


def words(svg: str) -> list[str]:
    """Every text of a well-formed picture."""
    return [node.text or "" for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_shop(tmp_path_factory.mktemp("shop") / "bundle", Fault("errors", "checkout"))


@pytest.fixture
def here(tmp_path, bundle):
    return context(tmp_path / "home", open_bundle(bundle))


def moved(document):
    """The incident, told at the time of the bundle."""
    document.onset = from_ts(START + 60)
    for execution in document.executions:
        execution.started_at = execution.ended_at = from_ts(START + 80)
    return document


def test_files_hold_what_the_record_holds(here):
    document = kept(here.store, moved(full()))
    files = write_files(here, document.id).files
    folder = here.settings.files(document.id)
    assert files[0] == folder / "incident.md"
    assert Incident.model_validate_json((folder / "incident.json").read_text()) == document
    assert "roll back checkout" in files[0].read_text()
    assert not list(folder.glob(".*"))  # nothing half-written is left
    assert write_files(here, document.id).files == files  # and again, after more has happened


def test_a_document_with_an_alert_and_nothing_else_has_files_too(here):
    document = kept(here.store, minimal())
    names = [file.name for file in write_files(here, document.id).files]
    why = ["fault-tree.svg", "fishbone.svg", "five-whys.svg"]
    assert names == ["incident.md", "incident.json", *why, "timeline.svg"]


def test_charts_show_the_measured_signals_with_their_marks(here):
    document = kept(here.store, moved(full()))
    drawn = charts(here, document)
    assert set(drawn) == {"checkout-error_rate.svg", "signals.json", "timeline.svg"}
    text = words(drawn["checkout-error_rate.svg"])
    assert "checkout: error rate" in text
    assert "onset" in text
    assert "roll back checkout" in text
    assert "baseline" in text
    assert any(re.fullmatch(r"\d\d:\d\d:\d\d", word) for word in text)  # times, UTC
    assert any(word.endswith("%") for word in text)  # levels, with their unit


def test_the_charts_stand_in_the_document_with_their_words(here):
    document = kept(here.store, moved(full()))
    folder = here.settings.files(document.id)
    text = write_files(here, document.id).files[0].read_text()
    shown = re.findall(r"^!\[(.+)\]\(charts/(.+)\)$", text.partition("## What was done")[0], re.M)
    assert [name for _words, name in shown] == ["checkout-error_rate.svg"]
    assert (folder / "charts" / shown[0][1]).exists()
    assert re.match(
        r"checkout: error rate: healthy 0%, highest \d+%, last .+ roll back", shown[0][0]
    )


def test_guilty_signals_come_from_what_was_measured(here):
    assert guilty(kept(here.store, full()), here.store.payload) == [("checkout", "error_rate")]


def test_guilty_signals_come_from_the_comparison_before_anything_was_measured(here):
    rows = [
        {"service": "login", "signal": "in_flight", "worse": True, "score": 40.0},
        {"service": "login", "signal": "error_rate", "worse": True, "score": 9.0},
        {"service": "checkout", "signal": "latency_p95", "worse": True, "score": 8.0},
        {"service": "catalog", "signal": "error_rate", "worse": True, "score": 3.5},
        {"service": "gateway", "signal": "error_rate", "worse": False, "score": 50.0},
    ]
    document = full()
    document.executions = []
    call = document.evidence[2]
    document.evidence = [Evidence(**{**vars(call), "tool": "compare_signals"})]
    found = guilty(document, lambda _digest: {"rows": rows})
    assert found == [("checkout", "latency_p95"), ("login", "error_rate"), ("login", "in_flight")]


def track(values: list[float], unit: str = "share") -> Track:
    return Track("cart", "error_rate", unit, [START + i for i in range(len(values))], values)


def test_gaps_break_the_line_and_constant_values_draw(here):
    nan = float("nan")
    svg = signal_chart(track([0.0, nan, 0.4, 0.4]), [ChartMark(START + 2, "onset")], START + 1)
    lines = ElementTree.fromstring(svg).findall(f"{SVG}polyline")
    assert len(lines) == 2
    assert words(signal_chart(track([0.0, 0.0, 0.0]), [], START))


def test_hostile_text_stays_text():
    document = noise()
    document.title = document.timeline[0].text = "</text><script>alert(1)</script>"
    svg = timeline_chart(document)
    assert ElementTree.fromstring(svg).find(f".//{SVG}script") is None


def test_sparklines_are_cut_at_the_marks_and_say_before_and_after():
    console = paper(100)
    console.print(sparks([track([0.0] * 10 + [0.5] * 10)], [START + 10], 100))
    line = printed(console)
    assert "▁▁▁▁▁▁▁▁▁▁│██████████" in line
    assert "0% → 50%" in line


def test_axes_have_round_numbers():
    assert ticks(0.28) == pytest.approx([0, 0.1, 0.2, 0.3])
    assert ticks(0.0) == [0, 1]
    assert ticks(9.0) == pytest.approx([0, 2.5, 5, 7.5, 10])
    assert time_step(90) == 15


def test_the_layout_keeps_order_and_lanes():
    nodes = ["a", "b", "c", "d", "x"]
    edges = [("a", "b"), ("b", "c"), ("c", "b"), ("c", "x"), ("x", "d")]
    past = without(nodes, edges, {"x"})
    assert past == [("a", "b"), ("b", "c"), ("c", "b"), ("c", "d")]
    on = forward(nodes, past)
    assert ("c", "b") not in on
    depth = depths(nodes[:4], on)
    assert depth == {"a": 0, "b": 1, "c": 2, "d": 3}
    groups = {"one": ["a", "b"], "two": ["b", "c"], "three": ["d"]}
    assert lanes(groups, depth) == {"one": 0, "two": 1, "three": 0}


def test_the_graph_is_drawn_with_every_step_and_gate(tmp_path, monkeypatch, capsys):
    from warroom.console.graph import graph_command

    path = tmp_path / "graph.svg"
    graph_command(path, None, mermaid=True)
    text = " ".join(words(path.read_text()))
    for step in range(1, 14):
        assert f"step {step} ·" in text
    assert text.count("a person decides") == 5  # four gates drawn, and the legend
    assert "graph TD" in capsys.readouterr().out
