"""`warroom eval peers`: other responders beside ours, and beside what takes no thought.

Each answers every case twice: with its metrics and logs, and with nothing but the alert. Who is
sure of a culprit then has overclaimed.
"""

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from ...app.configuration import settings
from ...console.exits import Exit
from ...console.screen import say, screen
from ...errors import InputError
from ...models.openai_model import connect, first_listed
from ...settings import Settings
from ..framework.grid import NOTHING, ResultGrid, interval
from ..framework.runs import Method
from ..framework.statistics import share
from ..framework.suite import RunLine, Suite, evaluate
from ..rca.answers import ModelWord, RcaAnswer, RcaMethod
from ..rca.cases import RcaCase, only, rca_cases
from ..rca.command import RcaOptions
from ..rca.command import told as rca_told
from ..rca.compare import rca_compared
from ..rca.floor import floor_of, model_of
from ..rca.methods import nsigma_answers
from ..rca.metrics import recorded
from ..rca.results import RcaEvaluation, RcaRun, answered
from .counting import SECONDS, TOKENS, counted
from .peer import PEERS, ask, set_up
from .reading import HEDGED
from .telemetry import shown

SEEN = only("metrics", "logs")
"""What everybody is shown: no peer reads traces, changes and topology from where they could be."""
BARE = ", alert alone"
ERRORS = ("error", "fatal", "critical")
FAKE = "fake"
"""In the name of a model that answers by script."""
HEADS = ["method", "n", "right", "names nobody", "overclaimed", "calls", "tokens", "s"]
NOTE = "right: names this service alone; overclaimed: sure of a culprit with the alert alone"
NO_RANKING = "The endpoint is a FAKE that answers by script: all parts work, nobody is better"


def peers_command(what: str, options: RcaOptions) -> Exit:
    """Install them; or ask everybody and show the table, with the reasons for what is not in it.

    Raises InputError for what there is not, ModelUnavailable where the endpoint lists no model.
    """
    if what == "setup":
        for name in PEERS:
            say(screen(), set_up(name))
        return Exit.done
    if what != "run":
        raise InputError(f"{what!r} is neither run nor setup")
    cases = rca_cases(options.cases, options.sets, options.ids)
    configured = _with_model(settings())
    asked = [both for one in methods(configured, options.methods) for both in twice(one)]
    fake = FAKE in configured.model
    suite = Suite(
        command="warroom eval peers",
        found=RcaEvaluation(without=sorted(SEEN.without)),
        runs=answered(cases, asked, options.cases or Path()),
        told=partial(_told, options, fake),
        tables=lambda found: [grid(found, fake)],
        compared=rca_compared,
    )
    found = evaluate(screen(), suite, options.files)
    return Exit.done if any(run.scored for run in found.runs) else Exit.failed


def _with_model(configured: Settings) -> Settings:
    """One model of one endpoint, and the budget of everybody; all as it is without an endpoint."""
    if not configured.endpoint:
        return configured
    key = configured.endpoint_key.get_secret_value() if configured.endpoint_key else ""
    model = configured.model or first_listed(connect(configured.endpoint, key))
    alone = {"model": model, "models": {}, "second_model": "", "second_base_url": ""}
    budget = {"tokens_per_incident": TOKENS, "incident_s": SECONDS}
    return configured.model_copy(update=alone | budget)


def methods(configured: Settings, names: str = "") -> list[RcaMethod]:
    """Those of a list with commas, or all, in this order. Raises InputError for others."""
    answers = {
        "floor": floor_of(configured).answer,
        "model": partial(_model, configured),
        **{name: partial(ask, name, configured) for name in PEERS},
        **{"first": first, "errors": errors, "change": nsigma_answers},
    }
    known = {name: Method(name, answer) for name, answer in answers.items()}
    wanted = [word.strip() for word in names.split(",") if word.strip()] or [*known]
    if unknown := [name for name in wanted if name not in known]:
        raise InputError(f"nobody is called {unknown[0]!r}; there are: {', '.join(known)}")
    return [known[name] for name in wanted]


def _model(configured: Settings, case: RcaCase) -> list[RcaAnswer]:
    """The response with the model on top, through the same proxy."""
    with counted(configured) as meter:
        proxied = {"model_base_url": meter.url, "model_key": None}
        (answer,) = model_of(configured.model_copy(update=proxied)).answer(case)
    heard = ModelWord(model=configured.model, tokens=meter.tokens, calls=meter.calls)
    return [answer.model_copy(update={"heard": heard})]


def first(case: RcaCase) -> list[RcaAnswer]:
    """The first by the alphabet, whatever is shown."""
    return [RcaAnswer(scores=dict.fromkeys(sorted(recorded(case).services())[:1], 1.0))]


def errors(case: RcaCase) -> list[RcaAnswer]:
    """By lines of error in the incident."""
    with TemporaryDirectory() as root:
        found = shown(case, Path(root) / "bundle")
        rows = found.rows("logs", found.begin)
        told = Counter(row["service"] for row in rows if row["level"] in ERRORS)
    return [RcaAnswer(scores=dict(told))]


def twice(method: RcaMethod) -> list[RcaMethod]:
    """With what there is to see, and with nothing."""
    parts = {"": SEEN, BARE: only()}
    return [
        Method(method.name + words, lambda case, part=part: method.answer(case.seen(part)))
        for words, part in parts.items()
    ]


def _told(options: RcaOptions, fake: bool, run: RcaRun) -> RunLine | None:
    """Whether it is right is told of what can be compared alone."""
    line = rca_told(options, run)
    return replace(line, right=None) if line and (fake or run.method.endswith(BARE)) else line


def sure(answer: RcaAnswer) -> bool:
    """Whether it names one culprit without a hedge."""
    stated = [answer.probability, *(one.confidence for one in answer.blamed[:1]), 1.0]
    return bool(answer.first()) and next(one for one in stated if one is not None) > HEDGED


def grid(found: RcaEvaluation, fake: bool) -> ResultGrid:
    """A row a method; of a fake nothing by which it could be ranked."""
    names = [name for name in found.methods() if not name.endswith(BARE)]
    left = [(run.method.removesuffix(BARE), run.unscored) for run in found.runs if run.unscored]
    notes = [f"unscored: {who}: {why}" for who, why in dict.fromkeys(left)]
    title = f"Peers ({NO_RANKING})" if fake else "Peers"
    return ResultGrid(title, HEADS, [_row(found, name, fake) for name in names], [NOTE, *notes])


def _row(found: RcaEvaluation, name: str, fake: bool) -> list[str]:
    seen, bare = ([run for run in found.of(one) if run.marks] for one in (name, name + BARE))
    right = interval(share([run.marks.at[0] for run in seen if run.marks]))
    nobody = str(sum(not run.answer.scores for run in seen if run.answer))
    over = interval(share([float(sure(run.answer)) for run in bare if run.answer]))
    heard = [run.answer.heard for run in seen if run.answer and run.answer.heard]
    calls, tokens = (
        f"{mean(getattr(one, what) for one in heard):,.0f}" if heard else NOTHING
        for what in ("calls", "tokens")
    )
    seconds = f"{mean(run.seconds for run in seen):.1f}" if seen else NOTHING
    judged = [NOTHING] * 3 if fake else [right, nobody, over]
    return [name, str(len(seen)), *judged, calls, tokens, seconds]
