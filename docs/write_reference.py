"""Writes docs/reference/*.md and docs/schemas/*.json: what the code itself says of its commands,
HTTP, settings, files, tools, actions and kinds of faults.

.venv/bin/python docs/write_reference.py
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from inspect import getclosurevars, isfunction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, get_args

import typer
from fastapi.routing import iter_route_contexts
from pydantic.fields import FieldInfo

from warroom.actions.catalogue import CATALOGUE
from warroom.app.configuration import Sources
from warroom.app.configuration_file import Configuration
from warroom.app.record import Record
from warroom.app.schemas import schema
from warroom.console.contents import CONTENTS
from warroom.console.main import app
from warroom.console.schema import EVERY
from warroom.faults import faults
from warroom.incident.events import IncidentEvent
from warroom.intake.reception import Reception
from warroom.notify.cloudevents import TYPE
from warroom.record.tokens import Role
from warroom.service.app import ABOUT, build
from warroom.service.opening import first_receiver
from warroom.service.service import Service
from warroom.settings import Settings
from warroom.tools.base import REGISTRY

FOLDER = Path(__file__).parent
FROM = "*(Written by `docs/write_reference.py` from the code; a test compares.)*"


def page(title: str, about: str, lines: Iterable[str]) -> str:
    """A page: what it is, then its parts."""
    return "\n".join([f"# {title}", "", about, "", FROM, "", *lines]).rstrip() + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A table; none where it has no rows."""
    lines = [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines, ""] if lines else []


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def _code(value: object) -> str:
    return f"`{value}`" if value not in ("", None) else ""


# Commands.


def commands() -> str:
    """Every command with its arguments and options, as the help has them."""
    group: Any = typer.main.get_command(app)
    lines = list[str]()
    for heading, names in CONTENTS.items():
        lines += [f"## {heading}", ""]
        for name in names:
            lines += _command(f"warroom {name}", group.commands[name])
    options = table(("option", "meaning"), _options(group, "warroom"))
    return page(
        "Commands", f"{group.help} {group.epilog}", ["## All of them", "", *options, *lines]
    )


def _command(path: str, command: Any) -> Iterator[str]:
    if parts := getattr(command, "commands", {}):
        yield from (f"### {path}", "", command.help or "", "")
        for name, part in parts.items():
            yield from _command(f"{path} {name}", part)
        return
    context = typer.Context(command, info_name=path)
    pieces = " ".join(command.collect_usage_pieces(context))
    usage = re.sub(r"\[(\[.*?\])\]|\{(.*?)\}", r"\1\2", pieces)
    yield from (f"### {path}", "", f"`{path} {usage}`", "", command.help or "", "")
    yield from table(("argument or option", "meaning"), _options(command, path))


def _options(command: Any, path: str) -> Iterator[tuple[str, str]]:
    context = typer.Context(command, info_name=path)
    for each in command.get_params(context):
        if (told := each.get_help_record(context)) and each.name != "help":
            yield _code(re.sub(r" <\w+>$", "", told[0])), told[1]


# HTTP.


def http() -> str:
    """Every operation of the API, by its tag, and the role that it takes."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        record = Record(Settings(home=home, database_url=""))
        reception = Reception(record.store, [first_receiver(home)])
        application = build(Service(Configuration(), record, Sources(), reception))
    roles = {
        (method, str(one.path)): _role(one.dependant)
        for one in iter_route_contexts(application.routes)
        if hasattr(one, "dependant")
        for method in one.methods or ()
    }
    found = dict[str, list[tuple[str, ...]]]()
    for path, operations in application.openapi()["paths"].items():
        for method, told in operations.items():
            said = told.get("description") or told.get("summary", "")
            role = roles.get((method.upper(), path), "")
            row = (_code(f"{method.upper()} {path}"), said.partition("\n\n")[0], role)
            found.setdefault((told.get("tags") or ["service"])[0], []).append(row)
    lines = list[str]()
    for tag in sorted(found):
        rows = table(("operation", "what it does", "role"), sorted(found[tag]))
        lines += [f"## {tag.capitalize()}", "", *rows]
    about = f"{ABOUT}\n\nParameters and bodies, with examples: `/api/v1/openapi.json` of a service."
    return page("HTTP", about, lines)


def _role(dependant: Any) -> str:
    """The role that a route asks for; empty: none."""
    for each in dependant.dependencies:
        needed = isfunction(each.call) and getclosurevars(each.call).nonlocals.get("needed")
        if isinstance(needed, Role):
            return needed.value
        if deeper := _role(each):
            return deeper
    return ""


# Settings and files.


def settings() -> str:
    """The variables of the environment."""
    rows = (
        (_code(_variable(name, field)), _default(field), field.description or "")
        for name, field in Settings.model_fields.items()
    )
    about = (
        "Variables of the environment, or lines of one `.env` file ([which](../models.md)). "
        "What a team keeps in version control stands in [warroom.yaml](files.md)."
    )
    return page("Settings", about, table(("variable", "default", "meaning"), rows))


def _variable(name: str, field: FieldInfo) -> str:
    return str(field.validation_alias or f"WARROOM_{name.upper()}")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    return "" if value in ("", None, {}) else _code(value)


def files() -> str:
    """The keys of every file that people write."""
    lines = list[str]()
    for name, written in EVERY.items():
        found = schema(written)
        lines += [f"## {written[1]}", "", f"`warroom schema {name}`", ""]
        lines += table(("key", "type", "default", "meaning"), _keys(found, found, "", ()))
    about = (
        "Every key, with its default. `warroom schema NAME` prints the same as JSON Schema, by "
        "which editors complete and mark; [extending](../extending.md) says when one writes which."
    )
    return page("Files", about, lines)


def _keys(root: Any, part: Any, place: str, met: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, key in part.get("properties", {}).items():
        at = f"{place}{name}"
        default = key.get("default")
        plain = isinstance(default, (str, int, float)) and default != ""
        said = json.dumps(default, ensure_ascii=False) if plain else ""
        yield _code(at), _type(key), _code(said), key.get("description", "")
        for sign, below in _below(key):
            if below not in met:
                inner = root["$defs"][below]
                yield from _keys(root, inner, f"{at}{sign}.", (*met, below))


def _below(key: Any) -> Iterator[tuple[str, str]]:
    """(what stands between, definition) of the objects in a value."""
    if "$ref" in key:
        yield "", key["$ref"].rpartition("/")[2]
    for sign, name in (("", "anyOf"), ("[]", "items"), (".*", "additionalProperties")):
        found = key.get(name) or []
        for each in found if isinstance(found, list) else [found]:
            if isinstance(each, dict):
                yield from ((sign + more, below) for more, below in _below(each))


def _type(key: Any) -> str:
    if "enum" in key:
        return ", ".join(map(str, key["enum"]))
    if "anyOf" in key:
        return " or ".join(dict.fromkeys(map(_type, key["anyOf"])))
    return str(key.get("type") or key.get("$ref", "any")).rpartition("/")[2].rpartition("__")[2]


# What it can look at and do, and what it knows.


def tools() -> str:
    """The read tools: what playbooks and models ask, each call of which is evidence."""
    lines = list[str]()
    for name, one in sorted(REGISTRY.items()):
        if "warroom.tools" in one.function.__module__:
            given = ", ".join(one.arguments.model_fields) or "nothing"
            lines += [f"## {name}", "", one.description, "", f"Takes: {given}.", ""]
    return page("Tools", "What is asked of telemetry. A runbook's step may name one.", lines)


def actions() -> str:
    """The catalogue of actions."""
    lines = list[str]()
    for kind, action in CATALOGUE.items():
        told = action.profile.model_dump(mode="json", exclude={"sentence", "runbook"})
        rows = [(name.replace("_", " "), said) for name, said in told.items()]
        given = ", ".join(_code(name) for name in action.model_fields if name != "target")
        table_of = table(("", ""), [*rows, ("parameters", given or "none")])
        lines += [f"## {kind}", "", action.profile.sentence, "", *table_of]
    about = (
        "Nothing else can be planned, approved or carried out. Words in braces are the plan's own. "
        "Which of them a system offers: [operations](../bundle.md#operations)."
    )
    return page("Actions", about, lines)


def kinds() -> str:
    """The kinds of faults that are told, and the runbook of each."""
    lines = list[str]()
    for one in faults().values():
        moves = ", ".join(move.replace("_", " ") for move in one.remedies) or one.by_hand
        facts = [("kind", one.kind), ("category", one.category), ("moves, best first", moves)]
        said = one.body.partition("\n## ")[2].replace("\n## ", "\n### ")
        lines += [f"## {one.title}", "", *table(("", ""), facts), f"### {said}"]
    about = "How each looks and what is done about it; `warroom runbook list` has them too."
    return page("Kinds of faults", about, lines)


def events() -> str:
    """The types of CloudEvents, and what each holds."""
    lines = list[str]()
    for one in get_args(get_args(IncidentEvent)[0]):
        names = {name: field for name, field in one.model_fields.items() if name != "event"}
        rows = [(_code(name), field.description) for name, field in names.items()]
        kind = f"{TYPE}{one.model_fields['event'].default}"
        lines += [f"## {kind}", "", one.__doc__ or "", "", *table(("in `data`", ""), rows)]
    about = (
        "What happens to an incident, as `notifications.events` sends it "
        "([how](../protocols.md#hear-every-event-as-cloudevents)) and `/api/v1/events` tells it. "
        "The parts are those of the [document](../incident.schema.json)."
    )
    return page("Events", about, lines)


def written() -> dict[str, str]:
    """Every file below docs/ that is made here, and its text."""
    schemas = {
        f"schemas/{name}.json": json.dumps(schema(one), indent=1, ensure_ascii=False) + "\n"
        for name, one in EVERY.items()
    }
    pages = (commands, http, settings, files, tools, actions, kinds, events)
    return schemas | {f"reference/{one.__name__}.md": one() for one in pages}


if __name__ == "__main__":
    for place, text in written().items():
        (FOLDER / place).parent.mkdir(exist_ok=True)
        (FOLDER / place).write_text(text, encoding="utf-8")
