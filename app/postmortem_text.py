# ruff: noqa: RUF001 (Chinese punctuation)
"""The text of a postmortem: its paragraphs and what they rest on, what is to be said of each, its
action items, and the whole as HTML for whoever has nothing but a browser.
"""

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from html import escape

from markdown_it import MarkdownIt

from ..agents.reasoning.facts import Holdings, Payload, postmortem_facts
from ..agents.reasoning.sentences import Checker
from ..agents.reporting.narrator import Narrator
from ..errors import InputError
from ..incident.document import HIDDEN, Incident
from ..notify import texts
from ..text_safety.blame_language import blame_marks, sentences

REFERENCE = re.compile(r"\[([ETGD]\d{1,6})\]")
CHECKED = "ETG"
"""References that say something which a sentence can be held against."""
ALIKE = 0.5
"""From this likeness on, a paragraph is taken for another one, edited."""
ANCHOR = re.compile(r'<a id="([a-z]\d{1,6})">')
PICTURE = re.compile(r"!\[((?:[^\[\]\\\n]|\\.)*)\]\(charts/([\w.-]+)\.svg\)")
"""A chart that lies beside the text: its words, and its name."""
FOLD = re.compile(r"</?details>|<summary>([^<>]*)</summary>")
MOST = 60_000
"""Characters of the part that people write."""


class Flag(StrEnum):
    """What is to be said of a paragraph, the gravest first."""

    blame = "judges or names a person"
    lost = "lost its evidence"
    unproven = "not what its evidence says"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph or item of a list, and the references that it names."""

    text: str
    refs: tuple[str, ...]
    section: str
    item: bool = False  # of a list

    @property
    def key(self) -> str:
        """Tells it apart from every other; the same words have the same."""
        return hashlib.sha256(" ".join(self.text.split()).encode()).hexdigest()[:16]

    @property
    def bare(self) -> str:
        """Its words without references and marks of Markdown."""
        return " ".join(texts.plain(REFERENCE.sub("", self.text)).split())


@dataclass(frozen=True)
class Remarked:
    """One thing to look at: in which paragraph, which words, and what to do."""

    paragraph: Paragraph
    flag: Flag
    words: str
    advice: str


def halves(markdown: str) -> tuple[str, str]:
    """What people write; and the timeline and evidence, which stay as the record has them."""
    first = ANCHOR.search(markdown)
    cut = markdown.rfind("\n## ", 0, first.start()) if first else -1
    return (markdown[: cut + 1], markdown[cut + 1 :]) if cut >= 0 else (markdown, "")


def cleaned(text: str) -> str:
    """As it is kept: no characters that hide or steer. Raises InputError where it is none, or too
    long."""
    plain = text.replace("\r\n", "\n").replace("\t", "    ")
    plain = "".join(c for c in HIDDEN.sub("", plain) if c == "\n" or c >= " ").strip()
    if not plain or len(plain) > MOST:
        raise InputError("write something" if not plain else f"write at most {MOST} characters")
    return plain + "\n\n"


_DRAFT = re.compile(
    "Draft for review, written at .+? from the record alone:|(待评审草稿，.+?写成：)"
)


def as_published(markdown: str) -> str:
    """The same once a person published it: it calls itself a draft no longer."""
    return _DRAFT.sub(
        lambda f: "依据事件记录写成：" if f[1] else "From the record:", markdown, count=1
    )


def paragraphs(markdown: str) -> list[Paragraph]:
    """All that people write, in order; tables, code and headings are none."""
    found, section, before, depth = list[Paragraph](), "", "", 0
    for token in _parser().parse(halves(markdown)[0]):
        if token.type == "inline" and before == "heading_open":
            section = token.content
        elif PICTURE.fullmatch(token.content):
            pass
        elif token.type == "inline" and before == "paragraph_open":
            refs = tuple(dict.fromkeys(REFERENCE.findall(token.content)))
            found.append(Paragraph(token.content, refs, section, depth > 0))
        depth += {"list_item_open": 1, "list_item_close": -1}.get(token.type, 0)
        before = token.type
    return found


@dataclass
class Judge:
    """Holds paragraphs against the record of an incident; `before` is what they were."""

    incident: Incident
    before: Sequence[Paragraph]
    payload: Payload
    say: Narrator = field(init=False)

    def __post_init__(self) -> None:
        self.say = Narrator(self.incident)

    def quick(self, now: Sequence[Paragraph]) -> list[Remarked]:
        """What shows in the words alone: blame, and evidence that is gone."""
        old = {each.key for each in self.before}
        gone = [p for p in self.before if p.refs and p.key not in {n.key for n in now}]
        found = [mark for p in now for mark in self._blame(p)]
        for paragraph in now:
            if paragraph.key not in old and not paragraph.refs:
                found += self._lost(paragraph, gone)
        return found

    def whole(self, now: Sequence[Paragraph]) -> list[Remarked]:
        """That, and what changed sentences say against what their evidence holds."""
        old = {each.key for each in self.before}
        changed = [p for p in now if p.refs and p.key not in old]
        holdings = Holdings(self.say, postmortem_facts(self.say), self.payload)
        return self.quick(now) + [mark for p in changed for mark in self._unproven(p, holdings)]

    def _blame(self, paragraph: Paragraph) -> Iterable[Remarked]:
        marks = blame_marks(paragraph.text, self.say.systems, self.say.people)
        return (Remarked(paragraph, Flag.blame, m.word, m.suggestion) for m in marks)

    def _lost(self, paragraph: Paragraph, gone: Sequence[Paragraph]) -> Iterable[Remarked]:
        near = {p.bare: p for p in gone}
        match = difflib.get_close_matches(paragraph.bare, near, 1, ALIKE)
        for text in match:
            refs = " ".join(f"[{ref}]" for ref in near[text].refs)
            advice = f"it rested on {refs}: put that back, or say whose judgement it is"
            yield Remarked(paragraph, Flag.lost, refs, advice)

    def _unproven(self, paragraph: Paragraph, holdings: Holdings) -> Iterable[Remarked]:
        refs = [ref for ref in paragraph.refs if ref[0] in CHECKED]
        language = "zh" if re.search(r"[\u4e00-\u9fff]", paragraph.text) else "en"
        checker = Checker(self.say, holdings, language, self.incident.called_over is not None)
        ours = {sentence for p in self.before for sentence in sentences(p.bare)}
        for sentence in sentences(paragraph.bare) if refs else ():
            if sentence not in ours and (reason := checker.objection(sentence, refs)):
                advice = f"{reason}: correct it, or cite what says so"
                yield Remarked(paragraph, Flag.unproven, sentence, advice)


@dataclass(frozen=True)
class Item:
    """An action item: a row of the table that has owners and dates; `line` of the text."""

    line: int
    title: str
    owner: str
    due: str


def items(markdown: str) -> list[Item]:
    """The rows of the table of action items."""
    found, place = list[Item](), dict[str, int]()
    for number, line in enumerate(markdown.splitlines()):
        cells = _cells(line)
        if {"owner", "due"} <= {*_head(line)}:
            place = {name: at for at, name in enumerate(_head(line))}
        elif not cells:
            place = {}
        elif place and len(cells) == len(place) and not set(cells[0]) <= set("-: "):
            owner, due = cells[place["owner"]], cells[place["due"]]
            found.append(Item(number, cells[0], owner, due))
    return found


def with_items(markdown: str, changed: Mapping[int, tuple[str, str]]) -> str:
    """The same with other owners and dates, by line. Raises InputError for what is no date."""
    lines = markdown.splitlines()
    heads = next(_head(line) for line in lines if {"owner", "due"} <= {*_head(line)})
    for item in items(markdown):
        owner, due = changed.get(item.line, (item.owner, item.due))
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", due) or not owner or "|" in owner:
            raise InputError(f"{item.title}: an owner, and a date such as 2026-12-02")
        cells = _cells(lines[item.line])
        cells[heads.index("owner")], cells[heads.index("due")] = owner, due
        lines[item.line] = f"| {' | '.join(cells)} |"
    return "\n".join(lines) + "\n"


def _head(line: str) -> list[str]:
    """Names of columns, in English."""
    return [{"负责方": "owner", "期限": "due"}.get(c, c.casefold()) for c in _cells(line)]


def _cells(line: str) -> list[str]:
    """Of a row of a table; none: it is no row."""
    text = line.strip()
    inner = re.split(r"(?<!\\)\|", text)[1:-1] if text.startswith("|") else []
    return [cell.strip() for cell in inner]


def changes(old: str, new: str) -> list[tuple[str, str]]:
    """What differs, line by line: a sign (- gone, + new, @ some left out) and the line."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=1, lineterm="")
    body = list(lines)[2:]  # without names of files
    return [("@", "…") if line.startswith("@@") else (line[:1], line[1:]) for line in body]


@cache
def _parser() -> MarkdownIt:
    """Of tables and links; raw HTML is text but for the anchors and folds of our own drafts, and
    pictures of elsewhere are not loaded."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table").disable("image")
    parser.add_render_rule("html_inline", _anchor)
    parser.add_render_rule("html_block", _fold)
    return parser


def _fold(_self, tokens, at: int, *_rest) -> str:
    lines = tokens[at].content.splitlines(keepends=True)
    return "".join(one if FOLD.fullmatch(one.strip()) else escape(one) for one in lines)


def _anchor(_self, tokens, at: int, *_rest) -> str:
    content = tokens[at].content
    if found := ANCHOR.fullmatch(content):
        return f'<a id="{found[1]}"></a>'
    return "" if content == "</a>" else escape(content)


def rendered(markdown: str, pictures: Mapping[str, str] | None = None) -> str:
    """Its HTML without a frame: nothing of it runs, or loads from elsewhere. `pictures`: SVG by
    name, drawn where the text shows them; of another one stand the words."""
    known = pictures or {}
    text = PICTURE.sub(lambda found: found[0].removeprefix("!"), markdown)
    return _SHOWN.sub(lambda found: _picture(found, known), _parser().render(text))


_SHOWN = re.compile(r'<p><a href="charts/([\w.-]+)\.svg">(.*?)</a></p>')


def _picture(found: re.Match[str], known: Mapping[str, str]) -> str:
    name, words = found.groups()
    caption = f"<figcaption>{words}</figcaption>"
    return f"<figure>{known[name]}{caption}</figure>" if name in known else f"<p>{words}</p>"
