"""Options and arguments that several commands take."""

from pathlib import Path
from typing import Annotated

import typer

DUTIES = "commander, technical lead, communications lead or expert"
ROLES = "observer, responder, commander or admin"
SEVERITIES = "P0, P1, P2 or P3"
"""Words of our enums, which take too long to import for a help; a test holds them."""
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout.")]
Id = Annotated[str, typer.Argument(metavar="INC", help="The incident's id.")]
Newest = Annotated[
    str | None, typer.Argument(metavar="[INC]", help="The incident's id; default the newest.")
]
Bundle = Annotated[
    Path | None, typer.Option(metavar="BUNDLE", help="Directory with a telemetry bundle.")
]
Dumps = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="A cluster, as `kubectl get … -o json` wrote it there."),
]
Hands = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="operations.json: how one may act on the system."),
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Every look at telemetry, and all of each decision."),
]
By = Annotated[str, typer.Option(help="The role that decides.")]
