"""Markdown as tests read it: sections, kinds of structure, and text that tries to add some."""

import re

from markdown_it import MarkdownIt


def section(markdown: str, title: str) -> str:
    """The text under a heading, up to the next heading of its level or above."""
    level = title.split(maxsplit=1)[0]
    body = markdown.split(f"\n{title}\n", 1)[1]
    return re.split(rf"\n#{{1,{len(level)}}} ", body)[0]


MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])


HOSTILE = [
    "**bold** and _emphasis_",
    "[click](https://evil.example/x)",
    "![x](https://evil.example/x.png)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "`` `code` ``",
    "a | b | c",
    "line\n\n# heading\n\n- item",
    "https://evil.example www.evil.example",
    "<https://evil.example>",
    "&lt;script&gt; &#60;b&#62;",
    "\u202eevil\u2066 \u200bzero\x1b[31m\x00",
    "1. item",
    "1) item",
    "> quote",
    "--- ",
    "=====",
    "~~gone~~ \\",
    "[E1]: https://evil.example",
    "{{ 7 * 7 }} {% raw %}",
    "```\nfence",
    "@everyone $x^2$",
]


def tokens(markdown: str) -> set[str]:
    """Kinds of Markdown structure in a text, inline ones included."""
    found = set()
    for token in MARKDOWN.parse(markdown):
        found |= {token.type, *(child.type for child in token.children or [])}
    return found - {"text_special", "text"}
