"""The order in which the help names what there is: by what somebody comes for."""

from typing import Any

from typer.core import TyperGroup

CONTENTS = {
    "Respond": ("triage", "incidents", "show", "approve", "reject", "edit", "resume"),
    "By hand": (
        *("ack", "assign", "severity", "note", "link", "support", "relate", "merge", "split"),
        *("resolve", "reopen", "close"),
    ),
    "Know what to do": ("seen-before", "runbook", "plan", "recovery"),
    "Learn": ("postmortem", "improvements", "memory", "figures", "noise"),
    "Practise": ("drill", "game-day"),
    "Your own stack": (
        *("connect", "doctor", "config", "schema", "catalog", "record", "replay", "bundle"),
    ),
    "As a service": (
        *("serve", "worker", "mcp", "token", "account", "team", "oncall", "notify", "status-page"),
        *("silence", "rules", "switch", "audit", "backup", "restore"),
    ),
    "When nothing else works": ("diagnose", "recover", "watch"),
    "Warroom itself": ("graph", "eval"),
}
"""Headings, and the commands below each in the order in which they are needed."""


class Contents(TyperGroup):
    """The commands under their headings; one that the table does not know comes last."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """As click's own, a section each."""
        known = {name for names in CONTENTS.values() for name in names}
        rest = tuple(name for name in self.list_commands(ctx) if name not in known)
        for title, names in (CONTENTS | {"More": rest}).items():
            found = [(name, command) for name in names if (command := self.get_command(ctx, name))]
            if found:
                with formatter.section(title):
                    formatter.write_dl([(name, one.get_short_help_str(60)) for name, one in found])
