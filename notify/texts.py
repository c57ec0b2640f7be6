# ruff: noqa: RUF001 (Chinese punctuation)
"""A message as its medium takes it: a line of 160 septets, plain text, HTML; never raw Markdown.

What our templates took from others was made literal in Markdown, so a reader of Markdown gives back
exactly that, and nothing of it becomes structure.
"""

import html
import re
from collections.abc import Sequence
from functools import cache
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ..incident.communication import Message
from ..text_safety.blame_language import sentences
from ..text_safety.lines import one_line

SEPTETS, WIDE = 160, 70
"""What one SMS holds of GSM 03.38's alphabet, and of any other (3GPP TS 23.038)."""
ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
TWICE = frozenset("^{}\\[~]|€")
"""Letters of the extension, which take two."""
NEAREST = {
    **dict.fromkeys((0x2018, 0x2019), "'"),
    **dict.fromkeys((0x201C, 0x201D), '"'),
    **dict.fromkeys((0x2013, 0x2014), "-"),
    0x2026: "...",
}
"""Quotation marks, dashes and dots that GSM's alphabet lacks."""
LINK = re.compile(r"^<?(https?://[^\s<>]+)>?$", re.MULTILINE)
MOST_CHAT = 3000
"""Characters; the shortest that a common chat takes whole."""
EXERCISE = {"en": "EXERCISE, nothing in it is real: ", "zh": "演练，内容均非真实："}


def subject(message: Message, drill: bool = False) -> str:
    """One line; of a drill it says so."""
    return _marked(one_line(message.subject), message, drill)


def _marked(text: str, message: Message, drill: bool) -> str:
    return (EXERCISE[message.language] if drill else "") + text


def link(message: Message) -> str:
    """The address that stands alone in the last such line of it; empty: there is none."""
    found = LINK.findall(message.body)
    return found[-1] if found else ""


def sms(message: Message, drill: bool = False) -> str:
    """What fits into one: its first sentences, each whole, and the link; where not even one fits,
    as much of that as does."""
    address, (first, *more) = link(message), _spoken(message)
    end, text = f" {address}" if address else "", _marked(first, message, drill)
    if not _fits(text + end):
        while text and not _fits(f"{text}..{end}"):
            text = text[:-1]
        return f"{text.rstrip()}..{end}" if text else end.strip()
    for sentence in more:
        longer = f"{text}{'' if message.language == 'zh' else ' '}{sentence}"
        if not _fits(longer + end):
            break
        text = longer
    return text + end


def voice(message: Message, drill: bool = False) -> str:
    """What a call says."""
    return _marked(f"{_spoken(message)[0]} Open Warroom, or your messages.", message, drill)


def _spoken(message: Message) -> list[str]:
    """Its sentences; its subject, where there are none."""
    text = plain(LINK.sub("", message.body)).translate(NEAREST)
    return [one_line(each) for each in sentences(text)] or [one_line(message.subject)]


def written(message: Message, channel: str, drill: bool = False) -> str:
    """As much of it, and in the form, that the medium of this name takes."""
    return sms(message, drill) + "\n" if channel == "sms" else plain(message.body)


def _fits(text: str) -> bool:
    if not ALPHABET.issuperset(text.translate({ord(letter): None for letter in TWICE})):
        return len(text.encode("utf-16-be")) <= 2 * WIDE
    return sum(2 if letter in TWICE else 1 for letter in text) <= SEPTETS


def chat(message: Message) -> str:
    """Plain text, as long as a chat takes."""
    text = plain(message.body)
    return text if len(text) <= MOST_CHAT else text[: MOST_CHAT - 2].rstrip() + " …"


def plain(markdown: str) -> str:
    """The text of it: paragraphs and lists stay such, emphasis and escapes go."""
    blocks: list[str] = []
    mark, depth = "", 0
    for token in _reader().parse(markdown):
        if token.type.endswith("list_open"):
            depth += 1
        elif token.type.endswith("list_close"):
            depth -= 1
            blocks.append("")
        elif token.type == "list_item_open":
            mark = "  " * (depth - 1) + (f"{token.info}. " if token.info else "- ")
        elif token.type in ("fence", "code_block"):
            blocks += [token.content.rstrip("\n"), ""]
        elif token.type == "inline":
            blocks.append(mark + _literal(token.children or ()))
            mark = ""
        elif token.type.endswith("_close") and not token.hidden and depth == 0:
            blocks.append("")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(blocks)).strip() + "\n"


def _literal(tokens: Sequence[Token]) -> str:
    """Its words; behind those that say something else than their address, that too: whoever reads
    or approves a text sees where it leads."""
    text, begun, address = "", 0, ""
    for token in tokens:
        if token.type == "link_open":
            begun, address = len(text), str(token.attrGet("href"))
        elif token.type == "link_close" and text[begun:] not in (address, unquote(address)):
            text += f" ({address})"
        text += "\n" if token.type in ("softbreak", "hardbreak") else token.content
    return text


def page(message: Message) -> str:
    """HTML of the whole message, without anything that is loaded from elsewhere."""
    body = LINK.sub(r"<\1>", message.body)
    return (
        f'<!doctype html><html lang="{html.escape(message.language)}"><meta charset="utf-8">'
        f"<title>{html.escape(subject(message))}</title>"
        f'<body style="font: 16px/1.5 sans-serif; max-width: 42em">{_reader().render(body)}</body>'
        "</html>\n"
    )


@cache
def _reader() -> MarkdownIt:
    """CommonMark without HTML and without images, which would tell who reads it."""
    return MarkdownIt("commonmark", {"html": False}).disable(["image", "html_block", "html_inline"])
