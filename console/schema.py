"""`warroom schema`: what may be written in each file, for editors."""

import typer

from ..app.schemas import SCHEMAS, Written, schema
from ..drills.world import World
from ..errors import InputError
from .desk import print_json
from .exits import Exit

EVERY: dict[str, Written] = SCHEMAS | {
    "world": (World, "a system to break: drills/worlds/NAME.yaml")
}


def schema_command(name: str | None) -> Exit:
    """Print one; without a name, which there are."""
    if name is None:
        for each, (_model, what) in EVERY.items():
            typer.echo(f"{each:<18}{what}")
    elif name in EVERY:
        print_json(schema(EVERY[name]))
    else:
        raise InputError(f"no schema is called {name}: write one of {', '.join(EVERY)}")
    return Exit.done
