"""Readings of a text: as written, and as it reads once a disguise is taken off.

Known: base64, hex, URL and unicode escapes, HTML entities, hidden and full-width characters,
lookalike letters, spaced letters, words joined by signs, ROT13; two of them one in the other.
"""

import base64
import binascii
import codecs
import html
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote_plus

LONGEST = 100_000
"""Characters of a text that are read: the telemetry itself cuts messages far earlier."""
DEEPEST = 3
"""Disguises in one another."""
MOST = 40
"""Readings of one text."""
LETTERS = "асеорхуіјѕһԁαοενι", "aceopxyijshdaoevi"  # Cyrillic and Greek
LOOKALIKES = str.maketrans(*LETTERS)
ESCAPE = re.compile(r"\\+(?:u\{?([0-9a-fA-F]{4,6})\}?|x([0-9a-fA-F]{2}))")
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
HEX = re.compile(r"(?<![0-9A-Za-z])(?:0x|\\x)?((?:[0-9A-Fa-f]{2}[ :]?){8,})(?![0-9A-Za-z])")
SPACED = re.compile(r"(?<!\S)(?:\S[ .·]){7,}\S(?!\S)|(?<!\S)(?:\S {1,3}){7,}\S(?!\S)")
JOINED = re.compile(r"(?<=[A-Za-z])[-_+./]+(?=[A-Za-z])")


def readings(text: str) -> Iterator[str]:
    """The text as a reader sees it, then as decoded; each once, at most MOST."""
    seen: dict[str, int] = {}
    waiting = [(seen_as(text[:LONGEST]), 0)]
    while waiting and len(seen) < MOST:
        reading, depth = waiting.pop(0)
        if reading in seen or not reading.strip():
            continue
        seen[reading] = depth
        yield reading
        if depth < DEEPEST:
            waiting += [(seen_as(found), depth + 1) for found in _decoded(reading)]


def seen_as(text: str) -> str:
    """Without hidden characters, full-width and lookalike letters as the plain ones."""
    if text.isascii():
        return text
    shown = unicodedata.normalize("NFKC", text)
    shown = shown.replace("\u2028", "\n").replace("\u2029", "\n")
    shown = "".join(c for c in shown if unicodedata.category(c) not in ("Cf", "Co", "Cn"))
    return _latin(shown)


def _latin(text: str) -> str:
    """Lookalikes count where they stand among Latin letters: Russian stays Russian."""
    latin = sum("a" <= c <= "z" or "A" <= c <= "Z" for c in text)
    like = sum(c in LETTERS[0] for c in text)
    return text.translate(LOOKALIKES) if like and latin * 2 >= like else text


def _decoded(text: str) -> Iterator[str]:
    if text.count("%") > 1 or ("+" in text and " " not in text):
        yield unquote_plus(text)
    if ESCAPE.search(text):
        yield ESCAPE.sub(_character, text)
    if "&" in text and ";" in text:
        yield html.unescape(text)
    yield from _runs(text)
    if spaced := SPACED.search(text):
        yield SPACED.sub(lambda match: _closed_up(match.group()), text)
        yield spaced.group().replace(" ", "")
    if JOINED.search(text):
        yield JOINED.sub(" ", text)
    if " " in text and re.search(r"[A-Za-z]{4}", text):
        yield codecs.encode(text, "rot13")


def _character(match: re.Match[str]) -> str:
    number = int(match.group(1) or match.group(2), 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else ""


def _closed_up(text: str) -> str:
    """Letters with one blank between them, words with more."""
    return re.sub(r"(\S)[ .·](?=\S)", r"\1", text)


def _runs(text: str) -> Iterator[str]:
    """What base64 and hexadecimal runs say, where they say something."""
    for match in HEX.finditer(text):
        digits = re.sub(r"[ :]", "", match.group(1))
        yield from _text(bytes.fromhex(digits))
    for match in BASE64.finditer(text):
        for run in {match.group(), *match.group().split("/")}:
            if len(run) >= 16:
                yield from _said(run)


@lru_cache(4096)  # names of classes and threads come in every other line
def _said(run: str) -> tuple[str, ...]:
    return tuple(_text(_unpacked(run)))


def _unpacked(run: str) -> bytes:
    bare = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _text(raw: bytes) -> Iterator[str]:
    """The bytes as text, if it is text that somebody could read."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return
    shown = sum(c.isprintable() or c.isspace() for c in text)
    if len(text) >= 4 and shown == len(text):
        yield text
