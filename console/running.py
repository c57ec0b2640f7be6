"""The commands that set up and run an installation: connect, doctor, serve, worker, and what an
administrator needs.

Declared here, done in files of their own: the help stays instant.
"""

from pathlib import Path
from typing import Annotated

import typer

from .options import ROLES, AsJson, Bundle, By, Hands, Id

RUN = typer.Typer(rich_markup_mode=None)
"""Commands of warroom itself."""
token = typer.Typer(help="Who may ask over HTTP, and what.", rich_markup_mode=None)
config = typer.Typer(help="Check warroom.yaml.", rich_markup_mode=None)
audit = typer.Typer(help="Every decision and effect, sealed.", rich_markup_mode=None)
silence = typer.Typer(help="Keep alerts quiet for a while.", rich_markup_mode=None)
switch = typer.Typer(help="Stop actions, and let them go on.", rich_markup_mode=None)
ADMINISTER = {
    "silence": silence,
    "switch": switch,
    "token": token,
    "config": config,
    "audit": audit,
}
"""Groups of commands by their names."""

Why = Annotated[str, typer.Option(help="Why; it goes on the record.")]
Whose = Annotated[str, typer.Argument(metavar="NAME", help="Whose token; it is who decided.")]
Listen = Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Instead of server.listen.")]


@RUN.command()
def serve(
    telemetry: Bundle = None,
    operations: Hands = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="warroom.yaml; default WARROOM_CONFIG.")
    ] = None,
    listen: Listen = None,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Work incidents in this process too.")
    ] = True,
) -> None:
    """Take alerts in over HTTP, work the incidents, let people decide; until SIGTERM."""
    from .serving import serve_command

    raise typer.Exit(serve_command(telemetry, operations, config, listen, worker))


@RUN.command()
def connect(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="prometheus, loki, grafana, git, …")],
    url: Annotated[str, typer.Argument(metavar="URL", help="As in the browser; git: a folder.")],
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Holds a token; it stays there.")
    ] = None,
    name: Annotated[str, typer.Option(help="As incidents call it; default KIND.")] = "",
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="To write; default WARROOM_CONFIG, else warroom.yaml."),
    ] = None,
) -> None:
    """Ask a backend once, and write it into warroom.yaml; of a Grafana all that is behind it."""
    from .connecting import connect_command

    raise typer.Exit(connect_command(kind, url, token_file, name, config))


@RUN.command()
def doctor(as_json: AsJson = False) -> None:
    """Look at each datasource: what it shows, who is blind to what, what to do about it."""
    from .doctor import doctor_command

    raise typer.Exit(doctor_command(as_json))


@RUN.command()
def worker(telemetry: Bundle = None, operations: Hands = None) -> None:
    """Work incidents of a PostgreSQL beside other workers, until SIGTERM."""
    from .serving import worker_command

    raise typer.Exit(worker_command(telemetry, operations))


@RUN.command()
def mcp(
    read_only: Annotated[bool, typer.Option("--read-only", help="Only tools that read.")] = False,
) -> None:
    """Speak the Model Context Protocol on stdin and stdout: incidents for other agents."""
    from .serving import mcp_command

    raise typer.Exit(mcp_command(read_only))


@RUN.command()
def merge(
    incident: Id,
    into: Annotated[str, typer.Argument(metavar="INTO", help="The incident that gets its alerts.")],
    reason: Why,
    by: By = "on-call commander",
) -> None:
    """Make two incidents one: the first is closed."""
    from .by_hand import act, done

    act("merge", incident, by, into=into, reason=reason)
    done(f"the alerts of {incident} are those of {into} now")


@RUN.command()
def split(
    incident: Id,
    alerts: Annotated[list[int], typer.Argument(metavar="ALERT…", help="Numbers of its alerts.")],
    by: By = "on-call commander",
) -> None:
    """Give some of an incident's alerts one of their own."""
    from .by_hand import act, done

    made = act("split", incident, by, alerts=alerts).id
    done(f"{made} has them; `warroom resume {made}` works it")


@silence.command("add")
def add_silence(
    matchers: Annotated[
        list[str], typer.Argument(metavar="MATCHER…", help='As Alertmanager\'s: service="cart".')
    ],
    reason: Why,
    hours: Annotated[float, typer.Option(min=0.01, help="How long, from now on.")] = 1,
    maintenance: Annotated[bool, typer.Option("--maintenance", help="It is planned.")] = False,
    by: By = "on-call commander",
) -> None:
    """Keep alerts that match all of it quiet: kept and counted, and no incident is opened."""
    from .regrouping import silence_command

    raise typer.Exit(silence_command(matchers, reason, hours, maintenance, by))


@silence.command("list")
def list_silences(as_json: AsJson = False) -> None:
    """Those that are on, or will be."""
    from .regrouping import list_silences_command

    raise typer.Exit(list_silences_command(as_json))


@silence.command("expire")
def expire_silence(
    name: Annotated[str, typer.Argument(metavar="SIL", help="Its id.")],
    by: By = "on-call commander",
) -> None:
    """End one now; what it kept quiet and still fires is taken."""
    from .regrouping import expire_command

    raise typer.Exit(expire_command(name, by))


@RUN.command()
def backup(
    into: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to make.")],
    as_json: AsJson = False,
) -> None:
    """Copy the record, its files and the audit log's key, while it is in use."""
    from .administration import backup_command

    raise typer.Exit(backup_command(into, as_json))


@RUN.command()
def restore(
    backup: Annotated[
        Path | None, typer.Argument(metavar="[DIR]", help="As `warroom backup` made it.")
    ] = None,
    after: Annotated[
        bool, typer.Option("--after", help="The database was restored by other means.")
    ] = False,
) -> None:
    """Put a backup back where nothing runs; what was asked before is asked anew."""
    from .administration import restore_command

    raise typer.Exit(restore_command(backup, after))


@token.command("create")
def create_token(
    name: Whose,
    role: Annotated[str, typer.Option(help=f"{ROLES}.")],
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, this once."""
    from .administration import create_token_command

    raise typer.Exit(create_token_command(name, role, as_json))


@token.command("list")
def list_tokens(as_json: AsJson = False) -> None:
    """List who has one, and since when."""
    from .administration import list_tokens_command

    raise typer.Exit(list_tokens_command(as_json))


@token.command("revoke")
def revoke_token(name: Whose) -> None:
    """Make a token worth nothing, at once."""
    from .administration import revoke_token_command

    raise typer.Exit(revoke_token_command(name))


@config.command("check")
def check_config(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Default --config or WARROOM_CONFIG.")
    ] = None,
) -> None:
    """Say line and cure of all that is wrong with it."""
    from .administration import check_config_command

    raise typer.Exit(check_config_command(file))


@RUN.command()
def schema(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Which; without one they are listed.")
    ] = None,
) -> None:
    """Print the JSON Schema of what you write: warroom.yaml, a runbook, a catalogue, …"""
    from .schema import schema_command

    raise typer.Exit(schema_command(name))


@config.command("schema")
def config_schema() -> None:
    """Print its JSON Schema, as `warroom schema configuration` does."""
    from .schema import schema_command

    raise typer.Exit(schema_command("configuration"))


@audit.command("verify")
def verify_audit(
    head: Annotated[
        str, typer.Option(metavar="NUMBER:SEAL", help="As it was once written down elsewhere.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Check every seal of the log; exit code 1 where one does not fit."""
    from .administration import verify_command

    raise typer.Exit(verify_command(head, as_json))


On = Annotated[str, typer.Option(metavar="NAME", help="A service or other target; default all.")]


@switch.command("off")
def switch_off(reason: Why, target: On = "", by: By = "on-call commander") -> None:
    """Stop every new action within a second, also those that were approved."""
    from .administration import switch_command

    raise typer.Exit(switch_command(True, reason, target, by))


@switch.command("on")
def switch_on(reason: Why, target: On = "", by: By = "on-call commander") -> None:
    """Let what is approved be carried out again."""
    from .administration import switch_command

    raise typer.Exit(switch_command(False, reason, target, by))


@switch.command("list")
def list_switches(as_json: AsJson = False) -> None:
    """How each stands, since when, by whom and why."""
    from .administration import list_switches_command

    raise typer.Exit(list_switches_command(as_json))
