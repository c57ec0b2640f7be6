# ruff: noqa: RUF001 (Chinese punctuation)
"""Prompts and messages are files: strictly rendered, and every value is data unless trusted.

A variable that nobody set is an error. A value is neutralised for Markdown when it is printed,
whether or not the template remembers to ask for it.
"""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from . import spoken as said
from . import values as shown

EMPTY_LINES = re.compile(r"\n{3,}")
FOLDED = re.compile(r"^#### ([^\n]+)\n(.*?)(?=^#{1,4} |\Z)", re.MULTILINE | re.DOTALL)
"""A section for whoever opens it: its template gives it a heading of the fourth level."""
FOLDER = Path(__file__).parent


def _printed(value: Any) -> Any:
    """What a template prints: numbers and our own Markdown as they are, the rest as data."""
    if value is None:
        return shown.UNKNOWN
    if isinstance(value, (shown.Trusted, Undefined)) or type(value) in (int, float):
        return value
    return shown.data(value)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(FOLDER),
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,  # a sentence a line, also of what is included
        autoescape=False,  # Markdown, not HTML: `_printed` does the escaping
    )
    numbers = (shown.percent, shown.count, shown.figure, shown.quantity, shown.duration)
    texts = (shown.data, shown.code, shown.code_cell, shown.cite, shown.opened)
    for printed in (
        shown.utc,
        shown.clock,
        shown.began,
        shown.hurt,
        shown.zh,
        *(said.about, said.harmed, said.hour, said.day, said.lasting, said.during, said.listed),
        said.opening,
        *numbers,
        *texts,
    ):
        environment.filters[printed.__name__] = printed
    return environment


@lru_cache(maxsize=64)
def _template(name: str) -> Template:
    return _environment().get_template(name)


def render(name: str, /, **values: Any) -> str:
    """The template with these values.

    Args:
        name: file name in this folder, such as "declared.en.md" or "model/brief.md".
        values: every variable that the template uses.

    Raises:
        jinja2.UndefinedError: the template uses a variable that was not given.
        jinja2.TemplateNotFound: there is no such file.
    """
    text = _template(name).render(**values)
    lines = "\n".join(line.rstrip() for line in text.strip().split("\n"))
    folded = FOLDED.sub(r"<details>\n<summary>\1</summary>\n\2\n</details>\n\n", lines)
    return EMPTY_LINES.sub("\n\n", folded).rstrip() + "\n"


def phrase(language: str, text: str, /, **values: Any) -> shown.Trusted:
    """Words of ours, in Chinese as words.zh.yaml has them, around values that are data."""
    told = shown.zh(text) if language == "zh" else text
    return shown.Trusted(told.format(**{name: _printed(one) for name, one in values.items()}))


def letter(name: str, told: str = "", /, **values: Any) -> str:
    """A message. Each line of its template is a sentence, and those of a paragraph are joined. The
    first paragraph says how it stands; after it nothing is said that was said already, in it or in
    what these readers were told before. Raises as `render`."""
    paragraphs = list[str]()
    for block in render(name, **values).split("\n\n"):
        lines = _sentences(block)
        new = [line for line in lines if not paragraphs or line not in told]
        told += "\n".join(["", *new])
        if new:
            paragraphs.append(_TIGHT.sub("", " ".join(new)))
    return "\n\n".join(paragraphs) + "\n"


def sentences(name: str, /, **values: Any) -> list[str]:
    """Each line of a template, which is a sentence, as Markdown. Raises as `render`."""
    return _sentences(render(name, **values))


def _sentences(text: str) -> list[str]:
    return [_TIGHT.sub("", line.strip()) for line in text.split("\n") if line.strip()]


_TIGHT = re.compile(
    r" +(?=[，。；：、）（])|(?<=[，。！？；：、（）】]) +"
    r"|(?<=[\u4e00-\u9fff]) +(?=[\u4e00-\u9fff])"
)
"""Blanks that Chinese has none of."""


def templates(folder: str = "") -> list[str]:
    """Names of the templates that people read; with a folder ("model") of the prompts in it, as
    `render`, `digest` and `stamp` take them: model/brief.md."""
    found = (FOLDER / folder).glob("*.md")
    return sorted(path.relative_to(FOLDER).as_posix() for path in found)


def digest(name: str) -> str:
    """Twelve hex digits over the template's text and its parts: which wording it was."""
    return hashlib.sha256(_whole(name).encode()).hexdigest()[:12]


def _whole(name: str) -> str:
    text = (FOLDER / name).read_text(encoding="utf-8")
    return "".join([text, *map(_whole, re.findall(r'{% include "(.+?)" %}', text))])


def stamp(name: str) -> str:
    """The template and its wording, for a message's record: declared.en.md@0123456789ab."""
    return f"{name}@{digest(name)}"
