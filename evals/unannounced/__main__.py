"""How recorded faults that nobody had announced are answered: by the playbooks, or with the
configured model on top.

    python -m warroom.evals.unannounced DIR [--only NAME …] [--model] [--words] [--json FILE]

Every action is rejected: what is scored is the answer, and whether the first action asked for would
do harm. The trivial answer, for comparison, blames whoever the alert names.
"""

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from ...app.configuration import settings as configured
from ...app.opening import MakeModelLayer, open_context, playbooks
from ...drills.score import Check
from ...drills.surprise.score import HARM, said
from ...incident.document import Incident
from ...telemetry.bundle import open_bundle
from ..framework.files import check_writable, write_json
from ..incidents.run import model_layer_for, respond
from .recordings import RecordedFault, recordings

TRIVIAL = "trivial place"
MARKS = {True: "✓", False: "✖", None: "·"}


@dataclass(frozen=True)
class Answer:
    """What was said of one recording, and which questions it met."""

    fault: RecordedFault
    cause: str
    confidence: float
    move: str
    checks: list[Check]

    def to_json(self) -> dict:
        """For a program."""
        return {
            "name": self.fault.name,
            "truth": self.fault.truth.cause,
            "cause": self.cause,
            "confidence": self.confidence,
            "move": self.move,
            "checks": [vars(check) for check in self.checks],
        }


def answer(fault: RecordedFault, model_layer: MakeModelLayer = playbooks) -> Answer:
    """The whole response without an action, held against the truth."""
    with TemporaryDirectory() as home, closing(open_bundle(fault.bundle)) as recorder:
        settings = configured().model_copy(update={"home": Path(home)})
        context = open_context(
            settings, recorder=recorder, model_layer=model_layer, pace=0, rehearse=True
        )
        return _marked(fault, context.store.load(respond(fault.alert, context, act=False)))


def _marked(fault: RecordedFault, incident: Incident) -> Answer:
    truth, leading = fault.truth, incident.leading()
    asked = filter(None, (incident.plan(decision.subject) for decision in incident.decisions))
    plan = next(asked, None)
    move = f"{plan.kind} {plan.target}" if plan else ""
    harm = Check(HARM, not (move and truth.harms(move)), move or "none asked", "no harm")
    named = fault.alert.service in truth.accept if truth.accept else None
    trivial = Check(TRIVIAL, named, fault.alert.service, " or ".join(truth.accept))
    checks = [*said(incident, truth), harm, trivial]
    cause, confidence = (leading.statement, leading.confidence) if leading else ("", 0.0)
    return Answer(fault, cause, confidence, move, checks)


def main(arguments: Sequence[str] | None = None) -> None:
    """Answer, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", action="append", default=[], metavar="NAME")
    parser.add_argument("--model", action="store_true", help="with the configured model on top")
    parser.add_argument("--words", action="store_true", help="print what was said and what was so")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    check_writable(options.json)
    layer = model_layer_for if options.model else playbooks
    with TemporaryDirectory() as work_folder:
        found = [
            answer(fault, layer)
            for fault in recordings(options.folder, Path(work_folder))
            if not options.only or fault.name in options.only
        ]
    console = Console()
    console.print(table(found))
    for each in found if options.words else ():
        _words(console, each)
    if options.json:
        write_json([each.to_json() for each in found], options.json)


def table(found: Sequence[Answer]) -> Table:
    """One row a recording, one column a question, sums below."""
    names = [check.name for check in found[0].checks] if found else []
    shown = Table("recording", *names, "said (confidence)", box=None, show_footer=True)
    for each in found:
        sure = f" ({each.confidence:.0%})" if each.cause else ""
        marks = [MARKS[check.met] for check in each.checks]
        shown.add_row(each.fault.name, *marks, f"{each.cause[:38]}{sure}")
    for column, name in zip(shown.columns[1:], names, strict=False):
        mets = [c.met for each in found for c in each.checks if c.name == name]
        column.footer = f"{sum(m is True for m in mets)}/{sum(m is not None for m in mets)}"
    return shown


def _words(console: Console, each: Answer) -> None:
    console.print(f"\n{each.fault.name}: {each.fault.truth.title}", style="bold")
    console.print(f"  is so: {each.fault.truth.cause}", markup=False)
    console.print(f"  said:  {each.cause}", markup=False)
    for check in each.checks:
        console.print(f"    {MARKS[check.met]} {check.name}: {check.answer}", markup=False)


if __name__ == "__main__":
    main()
