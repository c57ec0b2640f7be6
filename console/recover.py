"""`warroom recover`: what is wrong, a menu of what may be done about it, and a yes to each."""

from collections.abc import Callable
from pathlib import Path

from rich.console import Console

from ..actions.base import Action
from ..actions.catalogue import find, sentence_of, staged
from ..app.configuration import settings
from ..app.recovery import Entry, Recovery
from ..diagnosis.look import Health
from ..diagnosis.quick import access, changes, diagnose
from ..errors import InputError, ToolError, WarroomError
from ..incident.action import ActionKind, ActionPlan, Level
from ..incident.identity import at_terminal
from ..targets.operations import Operations, adapters
from .diagnose import say_looks
from .exits import Exit
from .screen import called, screen, shown

Ask = Callable[[str], str]
NEXT = "look at telemetry; type yes for the next stage: "
QUIT = ("q", "quit")
SEEN = "the share of requests that fail, as the last minute has it"
UNSEEN = "processes, logs and this machine, not whether users are served: see your own monitoring"


def recover_command(operations: Path, by: str, undo: int | None, list_them: bool) -> Exit:
    """One action, its undo, or the list. Exit code 1 where what was approved failed."""
    given = access(operations)
    system = Operations(*adapters(given), name=given.name)
    menu = Menu(screen(), Recovery(system, settings().home, at_terminal(by)), operations)
    if list_them:
        ended = menu.list_them()
    else:
        ended = menu.take_back(undo) if undo is not None else menu.run()
    try:
        for incident in menu.recovery.put_on_record(settings(), operations):
            menu.console.print(f"it is in the record of {incident}")
    except WarroomError as error:
        told = f"no incident has it on record yet ({error}); `--list` tries once more"
        menu.console.print(shown(told))
    return ended


class Menu:
    """A person at a terminal; `ask` gives a line, and raises EOFError where there is none."""

    def __init__(
        self, console: Console, recovery: Recovery, operations: Path, ask: Ask = input
    ) -> None:
        self.console, self.recovery, self.operations, self.ask = console, recovery, operations, ask

    def run(self) -> Exit:
        """What is wrong, the menu, one plan, the answer, what it changed."""
        for entry in self.recovery.journal.unreported():
            told = f"{entry.does} {entry.plan.title} was begun at {entry.at:%H:%M:%S} UTC"
            self.console.print(f"? number {entry.number}, {shown(told)}: nobody reported what came")
        before = diagnose(self.operations, ())
        say_looks(self.console, [look for look in before if look.health is not Health.well])
        kind = self._kind()
        plan = self._plan(find(kind)) if kind else None
        if plan is None or not self._approved(plan):
            self.console.print("nothing was done")
            return Exit.done
        ended, stage = self._said(self.recovery.carry_out(plan, plan.hash)), 0
        while ended is Exit.done and staged(plan, stage + 1) and self._line(NEXT) == "yes":
            stage += 1
            ended = self._said(self.recovery.carry_out(plan, plan.hash, stage))
        after = diagnose(self.operations, ())
        say_looks(self.console, changes(before, after))
        sees = SEEN if any(look.area == "service" for look in after) else UNSEEN
        again = f"`{called()} diagnose --operations {self.operations}`"
        self.console.print(f"look again in a minute: {again} shows {sees}", soft_wrap=True)
        return ended

    def take_back(self, number: int) -> Exit:
        """The undo of an earlier one."""
        return self._said(self.recovery.take_back(number))

    def list_them(self) -> Exit:
        """What was done, and what nobody reported."""
        for entry in self.recovery.journal.entries():
            how = entry.error or ("done" if entry.ended else "begun")
            self.console.print(
                f"{entry.number:>3} {entry.at:%Y-%m-%d %H:%M:%S} UTC  {entry.does:<8}"
                f"{shown(entry.plan.title)}: {shown(how)} (by {shown(entry.by)})"
            )
        return Exit.done

    def _kind(self) -> ActionKind | None:
        there = self.recovery.system.inventory()
        if not (offered := there.offered or []):
            raise InputError("; ".join(["nothing is offered here", *there.shut]))
        for number, kind in enumerate(offered, 1):
            risk = find(kind).profile.risk
            self.console.print(f"{number:>3}  {kind}  (risk {risk})")
        answer = self._line(f"which, 1 to {len(offered)}, or q: ")
        if not answer or answer in QUIT:
            return None
        if not answer.isdigit() or not 1 <= int(answer) <= len(offered):
            raise InputError(f"{answer!r} is none of 1 to {len(offered)}")
        return offered[int(answer) - 1]

    def _plan(self, action: type[Action]) -> ActionPlan | None:
        """Asked for until it fits, or is left."""
        known = action.targets(self.recovery.system.inventory())
        self.console.print(f"{action.kind}; q leaves at every question")
        self.console.print(shown(f"on one of: {', '.join(known) or 'nothing that is known'}"))
        while (target := self._line("on what? ")) and target not in QUIT:
            try:
                if (given := self._parameters(action)) is None:
                    return None
                return self.recovery.planned(action.kind, target, given)
            except ToolError as error:
                self.console.print(shown(str(error)))
        return None

    def _parameters(self, action: type[Action]) -> dict[str, object] | None:
        """None: they left."""
        given: dict[str, object] = {}
        for name, field in action.model_fields.items():
            if name == "target":
                continue
            about = f" ({field.description})" if field.description else ""
            usual = "all" if field.default_factory else field.default
            default = "" if field.is_required() else f", empty: {usual}"
            text = self._line(f"  {name}{about}{default}: ")
            if text in QUIT:
                return None
            if text or field.is_required():
                is_list = "list" in str(field.annotation) or "tuple" in str(field.annotation)
                given[name] = [one.strip() for one in text.split(",")] if is_list else text
        return given

    def _approved(self, plan: ActionPlan) -> bool:
        """The whole plan; high risk wants the target's name, the rest a yes."""
        told = {
            "risk": f"{plan.risk}; {plan.blast_radius}",
            "now": ", ".join(f"{name} {value}" for name, value in plan.found.items()),
            "should do": plan.expected_effect,
            "undo": plan.undo,
            "look at": plan.verification,
            "plan": plan.hash,
        }
        self.console.print(shown(sentence_of(plan)), style="bold")
        for name, text in told.items():
            self.console.print(f"  {name:<10} {shown(text)}")
        wanted = plan.target if plan.risk is Level.high else "yes"
        return self._line(f"type {wanted} to do it: ") == wanted

    def _said(self, entry: Entry) -> Exit:
        if entry.error:
            self.console.print(f"✖ failed: {shown(entry.error)}", style="bold red")
            return Exit.failed
        note = str(entry.receipt.get("note") or "done")
        self.console.print(f"✓ {shown(note)}; it is number {entry.number} of what was done here")
        return Exit.done

    def _line(self, question: str) -> str:
        try:
            return self.ask(question).strip()
        except EOFError:
            return ""
