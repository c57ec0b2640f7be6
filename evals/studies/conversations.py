"""What a whole incident asks of a model: `python -m warroom.evals.studies.conversations [DRILL]`.

Works a recorded drill once for each context with a FAKE model that understands nothing: it looks
things up as long as it may, then hands in the smallest report. Its questions are counted as the
budget counts them, at an endpoint that keeps no prompts and at one that does.
"""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ...agents.reasoning.layer import model_layer_of
from ...app.opening import open_context
from ...incident.model_use import ModelCall
from ...models.allowance import incident_tokens
from ...models.budget import size_of
from ...models.forms import compact, strict_schema
from ...models.protocol import Answer, Ask, ToolCall, Usage
from ...models.usage import estimated, tokens_of
from ...settings import Settings
from ...telemetry.bundle import open_bundle
from ..incidents.cases import IncidentCase, recorded
from ..incidents.run import SURE, respond
from ..servers.least_instance import least_instance

CONTEXTS = (8_000, 16_000, 32_000, 128_000)
WORDS = ("error|fail", "timeout", "refused", "deploy", "lock", "pool", "slow", "denied", "full")
"""Looked for in the logs, one a round."""
KEPT = 128
"""Endpoints keep prompts in blocks of so many tokens, and none shorter than eight of them."""


@dataclass
class Looking:
    """A FAKE: looks as long as it may, then reports the least; counts what it is asked."""

    keeps: bool
    """Whether it keeps the prompts that it has seen, and says so."""
    name: str = "looking (fake)"
    seen: list[str] = field(default_factory=list)

    def ask(self, ask: Ask) -> Answer:
        """A look in the logs while there are tools, else the smallest report."""
        read, kept = estimated(size_of(ask)), self._kept(ask)
        words = WORDS[len(ask.messages) // 2 % len(WORDS)]
        if any(tool.name == "search_logs" for tool in ask.tools) and not ask.last:
            call = ToolCall(f"c{len(ask.messages)}", "search_logs", {"pattern": words})
            return Answer(self.name, calls=(call,), usage=Usage(read, 60, cached=kept))
        reply = ask.schema.model_validate(least_instance(ask.schema.model_json_schema()))
        text = reply.model_dump_json()
        return Answer(self.name, reply=reply, text=text, usage=Usage(read, 400, cached=kept))

    def _kept(self, ask: Ask) -> int:
        """Tokens of the beginning that an earlier question had as well."""
        told = "".join(f"{m.role}{m.content}{m.calls}" for m in ask.messages)
        told = f"{ask.tools}{compact(strict_schema(ask.schema))}{told}"  # as endpoints order it
        longest = max((tokens_of(told[: shared(told, old)]) for old in self.seen), default=0)
        self.seen.append(told)
        return longest // KEPT * KEPT if self.keeps and longest >= 8 * KEPT else 0


def shared(one: str, other: str) -> int:
    """Characters with which both begin."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def calls_of(case: IncidentCase, home: Path, context: int, keeps: bool) -> list[ModelCall]:
    """Every question of a whole response; actions are rehearsed, texts declined."""
    home.mkdir()
    settings = Settings(
        home=home,
        model="looking",
        context_tokens=context,
        max_attempts=1,
        act_confidence=SURE,
    )
    with closing(open_bundle(case.bundle)) as recorder:
        opened = open_context(
            settings,
            recorder=recorder,
            model_layer=lambda own, store: model_layer_of(own, store, Looking(keeps)),
            pace=0,
            rehearse=True,
        )
        return opened.store.load(respond(case.alert, opened)).model_calls


def counted(calls: list[ModelCall], share: float) -> int:
    """Tokens as the budget counts them."""
    return sum(
        Usage(c.input_tokens, c.output_tokens, cached=c.cached_tokens).counted(share) for c in calls
    )


def rows(case: IncidentCase, root: Path) -> Iterator[tuple[str, ...]]:
    """One a context and kind of endpoint."""
    for context in CONTEXTS:
        for keeps in (False, True):
            calls = calls_of(case, root / f"{context}-{keeps}", context, keeps)
            settings = Settings(context_tokens=context)
            cause = [c for c in calls if c.step == 4 and c.purpose == "reason" and c.requests]
            asked = {c.step for c in calls if c.requests}
            yield (
                f"{context:,}",
                "yes" if keeps else "",
                f"{sum(c.input_tokens + c.output_tokens for c in calls):,}",
                f"{counted(calls, settings.cached_share):,}",
                f"{incident_tokens(settings, None):,}",
                f"{counted(cause, settings.cached_share):,} in {len(cause)}",
                ", ".join(map(str, sorted(asked))),
            )


def main(drill: Annotated[str, typer.Argument()] = "bad-deploy") -> None:
    """Tokens of a whole incident by context."""
    columns = ("context", "keeps prompts", "tokens", "as counted", "budget", "step 4", "asked in")
    table = Table(*columns, title=f"{drill}, as asked of a fake that looks as long as it may")
    with TemporaryDirectory() as folder:
        (case,) = recorded(Path(folder), [drill])
        for row in rows(case, Path(folder)):
            table.add_row(*row)
    Console(width=120).print(table)


if __name__ == "__main__":
    typer.run(main)
