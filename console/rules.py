"""`warroom rules`: what acts without a person, what it would have done, and stopping it."""

from datetime import timedelta
from typing import Annotated

import typer

from .across import table
from .by_hand import Reason, done, here
from .options import By

rules = typer.Typer(help="What acts without a person, by policy.", rich_markup_mode=None)
Which = Annotated[str, typer.Argument(metavar="[RULE]", help="By its name; none: all of them.")]
BY, NONE = "on-call commander", "no rule: every action waits for a person"


@rules.command("list")
def list_them() -> None:
    """Print each rule: what it says, what keeps it from acting, what came of what it did."""
    table(_states(), NONE)


@rules.command()
def stats() -> None:
    """Print how often each rule would have acted, acted, was verified, failed, was rolled back."""
    table([{name: each[name] for name in ("rule", "did")} for each in _states()], NONE)


@rules.command()
def simulate(
    since: Annotated[int, typer.Option(metavar="DAYS", min=1, max=366, help="So many back.")] = 92,
) -> None:
    """Print what the rules would have done over past incidents, and what people did."""
    from ..app.configuration import settings
    from ..app.configuration_file import read_configuration
    from ..app.rules import simulate as over_the_record
    from ..incident.timeline import utc_now

    own, begin = read_configuration().policy.rules, utc_now() - timedelta(days=since)
    cases, against = over_the_record(settings(), here(BY)[0], own, begin)
    table(cases, "no rule would have acted in that time")
    table([{"times": n, "not, because": why} for why, n in against.most_common()], "")


@rules.command()
def suspend(reason: Reason, rule: Which = "", by: By = BY) -> None:
    """Stop a rule, or all of them, at once; people are asked instead."""
    _turn(True, rule, reason, by)


@rules.command()
def lift(reason: Reason, rule: Which = "", by: By = BY) -> None:
    """Let a rule act again, or all that are not stopped by themselves."""
    _turn(False, rule, reason, by)


def _turn(off: bool, rule: str, reason: str, by: str) -> None:
    from ..app.configuration_file import read_configuration
    from ..app.rules import turn

    store, who = here(by)
    turn(store, read_configuration().policy.rules, rule, off, who, reason)
    done(f"{rule or 'all rules'}: {'people are asked instead' if off else 'on again'}")


def _states() -> list[dict[str, str]]:
    from ..app.configuration import settings
    from ..app.configuration_file import read_configuration
    from ..app.rules import settle, states

    store = here(BY)[0]
    settle(settings(), store)
    return states(store, read_configuration().policy.rules)
