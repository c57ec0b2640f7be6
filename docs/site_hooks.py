"""What the site needs besides docs/: three pages of the root, and links that a forge resolves."""

import re
from pathlib import Path
from posixpath import dirname, join, normpath, relpath
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parent.parent
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security-policy.md",
}
LINK = re.compile(r"(!?)\[([^\]]+)\]\((?!\w+:|#)([^)#\s]+)(#[^)\s]*)?\)")
FENCE = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
TIGHT = re.compile(r"^((?![-*] |[|#>\s]|\d+\. ).*\n)(?=(?:[-*]|1\.) )", re.MULTILINE)
"""A list right below a paragraph, which a forge shows as one and Python-Markdown does not."""


def on_files(files: Any, config: Any) -> Any:
    """Add the pages of the root."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, **_others: Any) -> str:
    """Links to pages lead there; what the site does not have is named by its path."""
    here: str = page.file.src_uri
    source = next((name for name, uri in PAGES.items() if uri == here), join("docs", here))

    def resolved(match: re.Match[str]) -> str:
        picture, text, target, anchor = match.groups(default="")
        place = normpath(join(dirname(source), target))
        uri = PAGES.get(place, place.removeprefix("docs/") if place.startswith("docs/") else "")
        if uri:
            return f"{picture}[{text}]({relpath(uri, dirname(here) or '.')}{anchor})"
        return text if place in text else f"{text} (`{place}`)"

    parts = FENCE.split(markdown)
    parts[::2] = [TIGHT.sub(r"\1\n", LINK.sub(resolved, part)) for part in parts[::2]]
    return "".join(parts)
