"""`warroom record`, `replay`, `bundle`: telemetry that is kept, and asked again."""

import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path

from ..app.configuration import Sources, recall, settings
from ..app.record import Record
from ..errors import InputError
from ..telemetry.bundle import open_bundle
from ..telemetry.model import Window
from ..telemetry.recording import Recording
from .desk import print_json
from .exits import Exit
from .screen import folded, line, say, screen, shown


def record_command(
    what: str,
    into: Path | None,
    window: str,
    service: str,
    telemetry: Path | None,
    minutes: float,
    anonymous: bool,
) -> Exit:
    """Keep the last minutes of a bundle, an incident's telemetry, or a window."""
    from ..app import recordings as keeping

    if bool(what) == bool(window):
        raise InputError("name an incident or a bundle's folder, or give --window 14:00..15:00")
    if window:
        part = keeping.Part(keeping.window_of(window, time.time()), (service,) if service else ())
        recording = _recorded(telemetry, Sources(), part)
        incident = None
    elif Path(what).is_dir():
        recording, part = keeping.last_minutes(Path(what), minutes)
        incident = None
    else:
        configured = settings()
        incident = Record(configured).incident(what)
        part = keeping.part_of(incident, time.time())
        sources = recall(configured, incident.id)
        recording = _recorded(telemetry or sources.telemetry, sources, part)
        into = into or configured.files(incident.id) / keeping.KEPT
    if into is None:
        raise InputError("name a folder to make: --out DIR")
    names = keeping.keep(recording, part, into, incident, anonymous)
    _kept(recording, part.window, into, names, anonymous)
    return Exit.done


def _recorded(bundle: Path | None, sources: Sources, part) -> Recording:
    from ..app.recordings import backends

    if bundle:
        return open_bundle(bundle).recording
    return backends(Record(settings()).store, sources, part).recording


def _kept(
    recording: Recording, window: Window, into: Path, names: Counter[str], anonymous: bool
) -> None:
    console = screen()
    minutes = f"{window.seconds / 60:.3g}"
    kept = line(f"{minutes} minutes of telemetry: --telemetry {shown(into)}")
    console.print(kept, soft_wrap=True)  # to be copied whole
    for what, why in recording.gaps:
        console.print(folded(line(("  gap       ", "dim")), f"{what}: {shown(why, 600)}"))
    for what, words in recording.unseen.items():
        if more := [one for one in words if (what, one) not in recording.gaps]:
            head = line(("  left out  ", "dim"))
            console.print(folded(head, f"{what}: {shown('; '.join(more), 600)}"))
    if anonymous:
        told = ", ".join(f"{count} {kind} names" for kind, count in sorted(names.items()))
        say(console, ("  replaced  ", "dim"), told or "no names were found")
        say(console, "  metrics, routes, code and words stay: read its diffs before you hand it on")


def replay_command(
    incident_id: str | None, live: bool, telemetry: Path | None, as_json: bool
) -> Exit:
    """Ask all questions of an incident again; drift is an exit code of its own."""
    from ..app.replay import Verdict, opened, replayed

    configured = settings()
    record = Record(configured)
    incident = record.incident(incident_id)
    over = opened(configured, record.store, incident, time.time(), live, telemetry)
    try:
        found = list(replayed(incident, record.store, over))
    finally:
        over.recorder.close()
    counts = Counter(one.verdict for one in found)
    drifted = counts[Verdict.changed] + counts[Verdict.gone] > 0
    if as_json:
        drift = [asdict(one) for one in found]
        print_json({"incident": incident.id, "live": live, "drifted": drifted, "evidence": drift})
        return Exit.drifted if drifted else Exit.done
    console = screen()
    for one in found:
        if one.verdict is not Verdict.same:
            head = (f"  {one.evidence:<5} {one.tool:<20} ", "dim")
            say(console, head, f"{one.verdict.value}: {shown(one.what)}")
    asked = "the backends" if live else str(over.recorder.origin)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
    say(console, f"{incident.id} asked again of {asked}")
    say(console, f"{told}, of {len(found)} questions")
    return Exit.drifted if drifted else Exit.done


def check_bundle_command(folder: Path, as_json: bool) -> Exit:
    """File, line, reason and cure of all that is wrong with a bundle."""
    from ..telemetry.bundle_check import checked

    found = checked(folder)
    code = Exit.done if found.good else Exit.bad_input
    if as_json:
        problems = [asdict(problem) for problem in found.problems.values()]
        print_json({"good": found.good, "rows": found.rows, "problems": problems})
        return code
    console = screen()
    for problem in sorted(found.problems.values(), key=lambda one: not one.grave):
        more = f" (and {problem.lines - 1} lines more)" if problem.lines > 1 else ""
        mark = ("✗ ", "bad") if problem.grave else ("· ", "dim")
        say(console, mark, f"{problem.where}: {shown(problem.what)}{more}; {shown(problem.fix)}")
    rows = ", ".join(f"{count} {name}" for name, count in found.rows.items())
    verdict = "is read whole" if found.good else "is read without what is wrong"
    verdict = verdict if any(found.rows.values()) else "holds nothing that is read"
    say(console, f"{folder} {verdict}: {rows}")
    return code


def sample_bundle_command(into: Path) -> Exit:
    """Write the sample."""
    from ..telemetry.sample_bundle import write_sample

    write_sample(into)
    say(screen(), f"{into}: try `warroom triage {into}/alert.json --telemetry {into}`")
    return Exit.done
