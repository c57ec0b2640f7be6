"""`warroom token`, `config`, `audit`, `switch`, `backup`, `restore`: what an installation's
administrator needs."""

import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from ..app.configuration import Sources, declared, settings
from ..app.configuration_file import (
    NAMED,
    Configuration,
    read_configuration,
    use_configuration,
)
from ..app.record import Record
from ..app.words import moment
from ..errors import InputError, StoreUnavailable, TableError
from ..incident.identity import at_terminal, token_holder
from ..incident.timeline import from_ts
from ..intake.authentication import Request
from ..record import audit
from ..record.backup import after_restore, back_up, restore
from ..record.switches import EVERYTHING, Switch, Switches
from ..record.tokens import Role, Tokens
from .desk import print_json
from .exits import Exit
from .screen import say, screen, shown


def _tokens() -> Tokens:
    return Tokens(Record(settings()).store.engine)


def _administrator() -> str:
    return str(at_terminal("administrator"))


def create_token_command(name: str, role: str, as_json: bool) -> Exit:
    """Print the token: on stdout alone, so that it can be kept by a program."""
    if role not in list(Role):
        raise InputError(f"{role!r} is no role: give one of {', '.join(Role)}")
    text = _tokens().create(token_holder(name).name, Role(role), by=_administrator())
    if as_json:
        print_json({"name": name, "role": role, "token": text})
        return Exit.done
    print(text)
    console = screen(to_stderr=True)
    say(console, ("  ✓ ", "good"), f"{shown(name)} is a {role}; it is shown this once")
    return Exit.done


def list_tokens_command(as_json: bool) -> Exit:
    """One line a token, by name."""
    found = _tokens().all()
    if as_json:
        print_json([asdict(token) for token in found])
        return Exit.done
    for token in found:
        gone = token.revoked_at and f"revoked {moment(from_ts(token.revoked_at))}"
        line = f"{token.role:<10} since {moment(from_ts(token.made_at))}  {gone or ''}"
        say(screen(), (f"  {shown(token.name):<20} ", "strong"), line.rstrip())
    return Exit.done


def revoke_token_command(name: str) -> Exit:
    """From now on it opens nothing."""
    _tokens().revoke(name, by=_administrator())
    say(screen(), ("  ✓ ", "good"), f"the token of {shown(name)} is worth nothing now")
    return Exit.done


def check_config_command(file: Path | None) -> Exit:
    """Every fault on a line of its own."""
    if file:
        use_configuration(file)
    try:
        found = read_configuration()
        found.server.check_bind()
        _secrets(found)
        if faults := declared(Sources()).faults:
            raise TableError("\n".join(faults))
    except (TableError, StoreUnavailable) as error:
        print("\n".join(shown(line, 600) for line in str(error).splitlines()), file=sys.stderr)
        return Exit.bad_input
    name = os.environ.get(NAMED)
    text = f"nothing is wrong with {name}" if name else "no file is named: the defaults hold"
    say(screen(), ("  ✓ ", "good"), shown(text))
    return Exit.done


def _secrets(found: Configuration) -> None:
    """Raises StoreUnavailable for a receiver's secret that is not where it should be."""
    for receiver in found.receivers:
        receiver.knows(Request({}, b""))
        receiver.signed(Request({}, b""), 0.0)
    if oidc := found.server.sign_in.oidc:
        oidc.read_secret()


def verify_command(head: str, as_json: bool) -> Exit:
    """The log's head, to be written down elsewhere; or the first entry that does not fit."""
    found = audit.verify(Record(settings()).store.engine, head)
    code = Exit.failed if found.fault else Exit.done
    if as_json:
        whole = not found.fault
        told = {"whole": whole, "entries": found.number, "head": found.head, "fault": found.fault}
        print_json(told)
        return code
    if found.fault:
        say(screen(), ("  ✖ ", "bad"), shown(found.fault, 600))
    else:
        say(screen(), ("  ✓ ", "good"), f"{found.number} entries, whole; head {found.head}")
    return code


def switch_command(off: bool, reason: str, target: str, by: str) -> Exit:
    """Turn a switch; what is claimed from now on obeys."""
    switches = Switches(Record(settings()).store.engine)
    _told(switches.turn(off, at_terminal(by), reason, target or EVERYTHING))
    return Exit.done


def list_switches_command(as_json: bool) -> Exit:
    """One line a switch."""
    found = Switches(Record(settings()).store.engine).all()
    if as_json:
        print_json([asdict(switch) for switch in found])
        return Exit.done
    for switch in found:
        _told(switch)
    return Exit.done


def _told(switch: Switch) -> None:
    what = "all actions" if switch.name == EVERYTHING else f"actions on {switch.name}"
    since = f"{'off' if switch.off else 'on'} since {moment(from_ts(switch.at))}"
    line = f"{since}, by {switch.made_by}: {switch.reason}"
    say(screen(), (f"  {shown(what)} ", "strong"), shown(line, 600))


def backup_command(into: Path, as_json: bool) -> Exit:
    """Copy the installation; the head of the audit log is worth writing down elsewhere."""
    configured = settings()
    made = back_up(configured, into)
    if as_json:
        print_json(made.model_dump(mode="json"))
        return Exit.done
    console = screen()
    say(console, ("  ✓ ", "good"), f"{shown(into)}; audit log {made.audit}")
    say(console, ("    keep elsewhere  ", "dim"), f"{shown(made.key_file)}, the audit log's key")
    return Exit.done


def restore_command(backup: Path | None, after: bool) -> Exit:
    """Put a backup back, or void what another tool's restore brought back."""
    if (backup is None) is not after:
        raise InputError("name the folder of a backup, or say --after where another tool restored")
    if backup:
        void = restore(settings(), backup)
    else:
        void = after_restore(Record(settings()).store.engine, time.time(), by=_administrator())
    text = f"restored; {void} questions and approvals from before are void and asked anew"
    say(screen(), ("  ✓ ", "good"), text)
    return Exit.done
