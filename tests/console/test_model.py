"""What the console says of a model: while it thinks, after each call, at the end."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from warroom.agents.reporting.incident_page import incident_markdown
from warroom.agents.runtime.case import Case, PlaybookOnly
from warroom.console.closing import closing, result
from warroom.console.live import Live
from warroom.console.model_use import call_line
from warroom.console.screen import KEPT, THEME, Thinking, tail
from warroom.incident.document import Incident
from warroom.incident.events import (
    ModelCalled,
    ModelWrites,
    PlaybookAnswered,
    StepDone,
    StepStarted,
)
from warroom.incident.model_use import Disagreement, ModelCall
from warroom.incident.report import AnyReport, DetectionReport
from warroom.incident.severity import Severity
from warroom.settings import Settings
from warroom.tests.support.consoles import context, kept, paper, printed
from warroom.tests.support.incidents import at, full
from warroom.tests.support.markdown import tokens

BUDGET = Settings(tokens_per_incident=10_000, money_per_incident=0.5)


class Answering:
    """A ceiling that is not the floor alone; the events come from the test."""

    note = "a model answers"

    def improve(self, case: Case, floor: AnyReport) -> AnyReport:
        return floor


def call(**changes) -> ModelCall:
    facts = {
        "at": at(5),
        "specialist": "debugger",
        "step": 4,
        "model": "gpt-x",
        "prompt": "debugger.md@0123456789ab",
        "input_tokens": 1240,
        "output_tokens": 210,
        "cost": 0.004,
        "seconds": 3.14,
    }
    return ModelCall.model_validate(facts | changes)


def silent(outcome: str, note: str, **changes) -> ModelCall:
    none = {"input_tokens": 0, "output_tokens": 0, "cost": None}
    return call(outcome=outcome, note=note, **none, **changes)


def differ() -> Disagreement:
    return Disagreement(
        step=1,
        specialist="triage",
        about="severity",
        floor="P1",
        model="P0",
        standing="floor",
        why="the error rate is under the rule's limit",
    )


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (call(), "gpt-x  1,240 → 210 tokens, 3.1 s, cost 0.004"),
        (call(estimated=True, cost=None), "gpt-x  about 1,240 → 210 tokens, 3.1 s"),
        (call(purpose="skeptic", note="repaired once"), "(skeptic)  1,240"),
        (call(note="repaired once"), "cost 0.004 · repaired once"),
        (
            silent("unavailable", "no route to host."),
            "model unavailable: no route to host; the playbook answers",
        ),
        (silent("refused", "I cannot help"), "model refused: I cannot help; the playbook answers"),
        (silent("budget", "spent"), "model budget spent: spent; the playbook answers"),
        (
            silent("muddled", "no JSON", purpose="skeptic"),
            "model gave no usable answer: no JSON; the cause stays unchallenged",
        ),
    ],
)
def test_a_call_is_one_line_of_figures_or_of_reasons(made, text):
    assert text in call_line(made)


def test_what_a_model_is_called_cannot_steer_the_terminal():
    assert "\x1b" not in call_line(call(model="\x1b[2Jgpt\n", note="\x1b]0;x\x07"))


def terminal(width: int = 90) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    options = {"theme": THEME, "width": width, "color_system": None, "highlight": False}
    return Console(file=out, force_terminal=True, _environ={"TERM": "xterm"}, **options), out


class Clock:
    """Moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def live(tmp_path):
    """A room with an incident and a model, and what prints its events on a console."""

    def made(console: Console, model: bool = True) -> Live:
        here = context(tmp_path)
        here.model_layer = Answering() if model else PlaybookOnly()
        kept(here.store, document := full())
        return Live(console, here, document.id)

    return made


def thinks(text: str, who: str = "debugger") -> ModelWrites:
    return ModelWrites(specialist=who, step=4, text=text)


def test_thinking_is_one_line_that_goes_before_the_next(live):
    console, out = terminal()
    shows = live(console)
    shows(thinks("\x1b[31mlooking at\nthe 'logs' "))
    first = out.getvalue()
    assert "looking at the 'logs'" in first
    assert "\n" not in first
    assert "\x1b[31m" not in first
    shows(ModelCalled(call=call()))
    assert out.getvalue().removeprefix(first).startswith("\r\x1b[2K")
    assert out.getvalue().endswith("cost 0.004\n")
    assert not shows.thinking.visible


def test_only_the_tail_is_shown_and_never_more_than_a_line():
    console, out = terminal(width=30)
    clock = Clock()
    line = Thinking(console, clock)
    for chunk in ("服务" * 40, " the very end"):
        clock.now += 1
        line.heard(Text("  debugger "), "debugger", chunk)
    drawn = out.getvalue().rsplit("\x1b[2K", 1)[1]
    assert drawn.endswith("the very end")
    assert Text(drawn).cell_len < 30
    assert "\n" not in out.getvalue()


def test_chunks_that_come_faster_than_one_reads_are_shown_together():
    console, out = terminal()
    clock = Clock()
    line = Thinking(console, clock)
    for chunk in ("a", "b", "c"):
        line.heard(Text(""), "debugger", chunk)
    assert out.getvalue().endswith("… a")
    clock.now = 1.0
    line.heard(Text(""), "debugger", "d" * 2 * KEPT)
    assert len(line.texts["debugger"]) == KEPT


def test_thinking_leaves_no_trace_in_a_file(live):
    console = paper()
    shows = live(console)
    before = printed(console)
    shows(thinks("looking"))
    assert printed(console) == before == ""


@pytest.mark.parametrize(("width", "end"), [(3, "def"), (6, "abcdef"), (99, "abcdef"), (0, "")])
def test_a_tail_fits(width, end):
    assert tail("abcdef", width) == end


def test_a_tail_counts_columns_not_characters():
    assert tail("服务器", 5) == "务器"


def detected(source: str = "floor", **changes) -> DetectionReport:
    document = full()
    facts = {
        "specialist": "triage",
        "conclusion": "concluded",
        "summary": "error rate 41%",
        "severity": Severity.P1,
        "type": document.type,
        "category": document.category,
        "rule": "error rate",
        "confidence": 0.9,
        "source": source,
    }
    return DetectionReport.model_validate(facts | changes)


STARTED = StepStarted(step=1, specialist="triage", attempt=1)


def test_the_floors_severity_is_shown_before_the_model_has_answered(live):
    console = paper()
    shows = live(console)
    shows(STARTED)
    shows(PlaybookAnswered(report=detected()))
    assert "playbook: error rate 41%" in printed(console)
    assert "severity  P1" in printed(console)
    early = printed(console)
    shows(StepDone(report=detected("model")))
    late = printed(console).removeprefix(early)
    assert "✓ error rate 41%" in late
    assert "model)" in late
    assert "severity" not in late  # it is what was shown


def test_a_severity_that_the_model_changed_is_shown_again(live):
    console = paper()
    shows = live(console)
    shows(PlaybookAnswered(report=detected()))
    early = printed(console)
    shows(StepDone(report=detected("model", severity=Severity.P0)))
    assert "severity  P0" in printed(console).removeprefix(early)


def test_without_a_model_nothing_is_said_of_floors_and_models(live):
    console = paper()
    shows = live(console, model=False)
    for event in (STARTED, PlaybookAnswered(report=detected()), StepDone(report=detected())):
        shows(event)
    assert printed(console).count("error rate 41%") == 1
    assert printed(console).count("severity  P1") == 1
    assert not {"playbook", "floor", "model"} & set(printed(console).split())


def test_why_the_playbook_answers_is_said_once(live):
    console = paper(200)
    shows = live(console)
    shows(ModelCalled(call=silent("unavailable", "no route", specialist="triage")))
    shows(StepDone(report=detected(fallback="no route")))
    assert printed(console).count("no route") == 1
    shows(StepDone(report=detected(fallback="no time left to think")))
    assert printed(console).count("the playbook answers: no time left to think") == 1


def used() -> Incident:
    document = full()
    document.model_calls = [call(), call(step=5), silent("unavailable", "no route")]
    document.disagreements = [differ()]
    document.reports.append(detected(fallback="model unavailable: no route"))
    return document


def closed(document: Incident, settings: Settings | None = BUDGET) -> str:
    console = paper(200)
    closing(console, document, [], [], settings)
    return printed(console)


def test_the_end_adds_up_calls_tokens_money_and_what_went_otherwise():
    said = closed(used())
    for text in (
        "3 asked, 2 answered, without answer: 1 unavailable; 9.4 s in all",
        "2,480 in, 420 out: 29% of the 10,000 an incident may use",
        "0.008 of the 0.5 an incident may cost",
        "step 1, triage: model unavailable: no route",
        "step 1, severity: playbook: P1; model: P0. The playbook's stands: the error rate",
    ):
        assert text in said


@pytest.mark.parametrize(
    ("costs", "text"),
    [
        ((None, None), "no price in WARROOM_PRICES"),
        ((1.5, None), "1.50 for the 1 of 2 calls that have a price"),
    ],
)
def test_calls_without_a_price_are_no_free_calls(costs, text):
    document = full()
    document.model_calls = [call(cost=money) for money in costs]
    assert text in closed(document, None)


def test_nothing_is_said_at_the_end_where_no_model_was_asked():
    assert "Model" not in closed(full())
    assert "model" not in result(full(), [], [])


def test_a_program_gets_the_same_figures():
    model = result(used(), [], [])["model"]
    assert (model["calls"], model["answered"]) == (3, 2)
    assert (model["input_tokens"], model["output_tokens"]) == (2480, 420)
    assert model["cost"] == pytest.approx(0.008)
    assert model["fallbacks"] == [{"step": 1, "why": "model unavailable: no route"}]
    assert model["disagreements"][0]["standing"] == "floor"


def test_the_document_says_who_answered_what_it_took_and_who_was_right():
    document = used()
    document.hypotheses[0].confirmed = True
    document.hypotheses[0].challenged = "tried to refute | nothing found"
    text = incident_markdown(document)
    for part in (
        "| 1 | 1 | triage | playbook | 0 | model unavailable: no route |",
        "3 calls, 2,480 tokens in, 420 out; cost 0.008",
        "| 4 | 1 | debugger | reason | `gpt-x` | `debugger.md@0123456789ab` | 1,240, 210 |",
        "| — | 3.14 | unavailable: no route |",
        "| 1 | triage | severity | P1 | P0 | playbook | the error rate is under",
        "91%, **confirmed**",
        r"challenged: tried to refute \| nothing found",
    ):
        assert part in text


def test_the_document_is_silent_on_models_that_nobody_asked():
    text = incident_markdown(full())
    assert "Who answered" not in text
    assert "disagree" not in text
    assert "Model calls" not in text


def test_what_a_model_said_adds_no_structure_to_the_document():
    calm, loud = used(), used()
    bad = "</td> | a | [x](http://x) `code` **b**\n\n# heading"
    for name in ("floor", "model", "why", "about"):
        setattr(calm.disagreements[0], name, "calm")
        setattr(loud.disagreements[0], name, bad)
    calm.model_calls[0].note, loud.model_calls[0].note = "calm", bad
    calm.hypotheses[0].challenged, loud.hypotheses[0].challenged = "calm", bad
    assert tokens(incident_markdown(loud)) == tokens(incident_markdown(calm))
    assert len(incident_markdown(loud).splitlines()) == len(incident_markdown(calm).splitlines())
