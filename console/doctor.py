"""`warroom doctor`: each datasource looked at once; what each specialist sees, and is blind to."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..app.configuration import Sources, declared, received, settings
from ..app.configuration_file import Configuration, read_configuration
from ..app.drill_schedules import standing
from ..app.dry_runs import listed
from ..app.record import Record
from ..app.rules import states
from ..errors import InputError
from ..incident.timeline import utc_now
from ..notify.channels import Channels, described
from ..plugins import GROUPS, plugins
from ..record.accounts import Accounts
from ..record.drills import last_run
from ..record.followers import Followers
from ..record.sessions import Sessions
from ..telemetry.catalogue.files import Declared
from ..telemetry.catalogue.written import measure
from ..telemetry.sources.cells import uncounted
from ..telemetry.sources.checkup import Checkup, checkups, cluster_checkup
from ..telemetry.sources.datasource import ALERTS_ONLY, Datasource
from ..telemetry.sources.sight import Sight, sights
from ..tools.mcp_servers import offer
from .catalogue import todo
from .desk import print_json
from .exits import Exit
from .screen import screen, shown

COLUMNS = ("NAME", "TYPE", "READS", "VERSION", "CLOCK", "SERVICES", "BACK TO", "HOLDS", "EVERY")
SPANS = ((86_400.0, "d"), (3600.0, "h"), (60.0, "min"), (0.0, "s"))
NONE = "-"


def doctor_command(as_json: bool) -> Exit:
    """Ask them all; exit code 1 where one cannot be read."""
    file = read_configuration()
    if (name := file.server.sign_in.break_glass) and not as_json:
        screen().print(_grid(("BREAK-GLASS", name), [("", _glass(name))]))
    rules = states(Record(settings()).store, file.policy.rules) if file.policy.rules else ()
    if (off := [(one["rule"], one["stopped"]) for one in rules if one["stopped"]]) and not as_json:
        screen().print(_grid(("RULE", "IS STOPPED"), off))
    others = [one for group in GROUPS for one in plugins(group)]
    if others and not as_json:
        rows = ((one.name, f"warroom.{one.group}", one.fault or one.package) for one in others)
        screen().print(_grid(("PLUGIN", "GROUP", "BY"), rows))
    if (missing := offer(file.mcp)) and not as_json:
        screen().print(_grid(("MCP", "IS MISSING"), missing))
    drills = _drills(file)
    if drills and not as_json:
        screen().print(_grid(("DRILL", ""), (("", one) for one in drills)))
    datasources = [*received(file), *file.asked]
    if not (datasources or file.kubernetes):
        raise InputError(
            "no datasource is configured: `warroom connect KIND URL` writes one into warroom.yaml "
            "here; name one elsewhere with --config or WARROOM_CONFIG"
        )
    found = [*checkups(datasources), *(cluster_checkup(one, file.whose) for one in file.kubernetes)]
    seen, known = sights(found), declared(Sources())
    lines = list(_catalogue(known, datasources, found))
    out = list(described(file.notifications))
    unsent = Channels(file.notifications).faults()
    if file.notifications.events:
        unsent += Followers(Record(settings()).store.engine).errors().values()
    books = listed(Record(settings()).store, utc_now()) if file.runbooks.model_fields_set else ()
    untried = [(book.name, why) for book, _why, _last, why in books if why]
    if as_json:
        told = [asdict(one) | {"sees": sorted(one.sees)} for one in found]
        print_json(
            {
                "datasources": told,
                "specialists": [asdict(one) for one in seen],
                "catalogue": {"took": known.told, "says": lines},
                "channels": {"has": dict(out), "says": unsent},
                "drills": drills,
                "plugins": [vars(one) | {"value": str(one.value)} for one in others],
            }
        )
    else:
        _print(screen(), found, seen)
        if known.files or lines:
            screen().print(_grid(("CATALOGUE", known.told), (("", text) for text in lines)))
        if out or unsent:
            screen().print(_grid(("CHANNEL", "TAKES"), [*out, *(("TO DO", one) for one in unsent)]))
        if untried:
            screen().print(_grid(("RUNBOOK", "TRY IT: `warroom plan test RUNBOOK`"), untried))
    wrong = known.faults or unsent or missing or any(one.fault for one in [*found, *others])
    return Exit.failed if wrong else Exit.done


def _drills(file: Configuration) -> list[str]:
    """How it stands with those that come again."""
    last = last_run(Record(settings()).store.engine) if file.drills.schedules else {}
    return [one.words for one in standing(file.drills, last, utc_now())]


def _glass(name: str) -> str:
    """Whether somebody is signed in with it, and whether anybody could."""
    engine = Record(settings()).store.engine
    if count := Sessions(engine).count(name):
        return f"sessions that are open: {count}; what is done under it is in the audit log"
    known = any(one.name == name and one.has_password for one in Accounts(engine).all())
    how = f"`warroom account create {name} --role admin`, or `link {name}`"
    return "nobody is signed in with it" if known else f"nobody could sign in: {how}"


def _catalogue(
    known: Declared, datasources: Sequence[Datasource], found: Sequence[Checkup]
) -> Iterable[str]:
    """What is to be done about the team's own catalogue; nothing where there is none."""
    if not (known.files or known.faults):
        return []
    there = [one for one in datasources if one.type not in ALERTS_ONLY]
    return [*uncounted(there, known.catalogue), *todo(known, measure(there), found)]


def _print(console: Console, found: Sequence[Checkup], seen: Sequence[Sight]) -> None:
    console.print(_grid(COLUMNS, (_row(one) for one in found)))
    if todo := [(one.name, text) for one in found for text in (one.fault, *one.advice) if text]:
        console.print(_grid(("", "TO DO"), todo))
    can = [(one.specialist, one.sees, ", ".join(one.by)) for one in seen if one.by]
    console.print(_grid(("SPECIALIST", "SEES", "BY"), can))
    if blind := [(one.specialist, one.sees, one.do) for one in seen if not one.by]:
        console.print(_grid(("SPECIALIST", "IS BLIND TO", "WHAT WOULD SHOW IT"), blind))


def _grid(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """Columns under their names. What others wrote is made harmless."""
    table = Table(*heads, box=None, padding=(0, 2, 0, 0), header_style="")
    for row in rows:
        table.add_row(*(Text(shown(cell)) for cell in row))
    table.add_row()
    return table


def _row(one: Checkup) -> Sequence[str]:
    if one.fault:
        return (one.name, one.type, "no", *[NONE] * 6)
    clock = NONE if one.skew_s is None else f"{int(one.skew_s):+d} s"
    return (
        *(one.name, one.type, "yes", one.version or NONE, clock),
        *(services(one) or NONE, f"> {span(one.reaches_s)}" if one.reaches_s else NONE),
        *(holds(one) or NONE, span(one.interval_s) if one.interval_s else NONE),
    )


def services(one: Checkup) -> str:
    """How many it knows, and by which label."""
    if not one.services:
        return ""
    return f"{len(one.services)} by {one.label}" if one.label else str(len(one.services))


def holds(one: Checkup) -> str:
    """How much there is."""
    return "" if one.amount is None else f"{one.amount:,} {one.unit}"


def span(seconds: float) -> str:
    """A stretch of time in its largest unit."""
    length, unit = next(each for each in SPANS if seconds >= each[0])
    return f"{seconds / (length or 1):.3g} {unit}"
