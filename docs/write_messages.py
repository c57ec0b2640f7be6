"""Writes docs/examples/messages.md from the records of drills: what was really sent, as each medium
took it, chosen and untouched.

    warroom drill bad-deploy --approve-as-drill-commander   # a home a language (WARROOM_LANGUAGE)
    python docs/write_messages.py HOME_EN HOME_ZH
"""

import sys
from pathlib import Path

from warroom.incident.communication import Audience, Message
from warroom.notify import texts
from warroom.record.store import Store
from warroom.settings import Settings

CHOSEN = (
    ("en", "declared", Audience.engineering, "sms"),
    ("en", "declared", Audience.engineering, "chat"),
    ("en", "executive_summary", Audience.executives, "email"),
    ("en", "support_briefing", Audience.support, "chat"),
    ("en", "status_page", Audience.status_page, "status page"),
    ("en", "resolved", Audience.engineering, "email"),
    ("en", "customer_email", Audience.customers, "email"),
    ("zh", "declared", Audience.engineering, "chat"),
    ("zh", "status_page", Audience.status_page, "status page"),
    ("zh", "resolved", Audience.engineering, "sms"),
)
HEAD = """# Ten messages

What Warroom sent in two drills of a bad release, one in each language: `docs/write_messages.py`
took them from the records. The playbooks wrote them, without a model. Why they read so:
`agents/reasoning/style.yaml`.
"""


def drilled(home: Path) -> list[Message]:
    """What was sent about the newest incident of a home."""
    store = Store.open(Settings(home=home).database)
    return store.load(store.incidents()[0].id).communications


def shown(message: Message, channel: str) -> str:
    """As its medium takes it."""
    head = f"## {message.audience.value.capitalize()}, {message.name.split('.')[0]}, by {channel}"
    subject = "" if channel in ("sms", "chat") else f"{message.subject}\n\n"
    text = texts.written(message, channel).rstrip("\n")
    quoted = "\n".join(f"> {line}".rstrip() for line in f"{subject}{text}".split("\n"))
    return f"{head}\n\n{quoted}\n"


def main() -> None:
    """Take the last one of each kind that was sent."""
    sent = [m for home in sys.argv[1:] for m in drilled(Path(home)) if m.sent_at]
    parts = [HEAD]
    for language, name, audience, channel in CHOSEN:
        found = [m for m in sent if (m.name, m.audience) == (f"{name}.{language}.md", audience)]
        parts.append(shown(found[-1 if name == "resolved" else 0], channel))
    (Path(__file__).parent / "examples" / "messages.md").write_text("\n".join(parts))


if __name__ == "__main__":
    main()
