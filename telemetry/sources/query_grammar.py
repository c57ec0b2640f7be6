"""The parts of LogQL and TraceQL that a model may ask by: what is not understood is refused, and
what is asked is written anew from what was understood.
"""

import re
from collections.abc import Callable, Iterator

import re2

from ...errors import ToolRetry
from ...yaml_tables import seconds
from .query_check import Checked, Matcher, Owned, again, said, short

LONGEST_PATTERN = 200
DEEPEST = 4
NAME = r"[A-Za-z_][\w.]*"
TOKENS = re.compile(
    r'\s*(?:(?P<text>"(?:[^"\\]|\\.)*"|`[^`]*`)|(?P<word>[A-Za-z_.][\w.:/-]*)'
    r"|(?P<number>-?\d+(?:\.\d+)?(?:ms|us|ns|µs|[smhd])?)|(?P<sign>\|=|\|~|!~|=~|!=|==|>=|<=|&&|\|\||[{}()\[\],=<>|]))"
)
COUNTS = ("count_over_time", "rate")
AGGREGATES = ("sum", "max", "min", "avg")
TRACE_FIELDS = re.compile(
    r"(?:name|status|statusMessage|kind|duration|traceDuration|rootName|rootServiceName"
    r"|(?:span|resource)?\.[A-Za-z_][\w./-]*)"
)
TRACE_WORDS = {"error", "ok", "unset", "server", "client", "internal", "producer", "consumer"}
TRACE_WORDS |= {"true", "false", "nil"}
OWNERS = ("resource.service.name", ".service.name", "rootServiceName")
"""Fields of a span that say whose it is."""


class _Tokens:
    """What is left of a query, token by token: (kind, text)."""

    def __init__(self, text: str, language: str) -> None:
        self.language, self.at, self.all = language, 0, list[tuple[str, str]]()
        self.whose = set[str]()  # services that were named so far
        text, place = short(text), 0
        while text[place:].strip():
            if not (match := TOKENS.match(text, place)):
                raise ToolRetry(f"{language}: {text[place : place + 20]!r} is not understood")
            self.all.append((match.lastgroup or "", match[match.lastgroup or 0]))
            place = match.end()

    def peek(self, ahead: int = 0) -> str:
        """The next token's text; empty at the end."""
        return self.all[self.at + ahead][1] if self.at + ahead < len(self.all) else ""

    def take(self, *texts: str, kind: str = "") -> str:
        """The next token, which has to be one of these, or of a kind."""
        known, text = self.all[self.at] if self.at < len(self.all) else ("", "")
        if not known or (kind and known != kind) or (texts and text not in texts):
            wanted = " or ".join(texts) or {"word": "a name", "text": 'a "text"'}.get(kind, kind)
            told = repr(text) if text else "its end"
            raise ToolRetry(f"{self.language}: {wanted} is expected where {told} stands")
        self.at += 1
        return text

    def string(self, pattern: bool = False) -> str:
        """A quoted text, and what it says; where it is a pattern, a good one."""
        text = said(self.take(kind="text"))
        if pattern:
            try:
                if len(text) > LONGEST_PATTERN:
                    raise ToolRetry(f"a pattern has at most {LONGEST_PATTERN} characters")
                re2.compile(text)
            except re2.error as error:
                raise ToolRetry(f"{text!r} is no regular expression of RE2: {error}") from error
        return text

    def value(self) -> str:
        """A text or a number, as it is written again."""
        if self.peek()[:1] in ('"', "`"):
            return again(self.string())
        return self.take(kind="number")

    def end(self) -> None:
        """Raise ToolRetry where something is left."""
        if self.peek():
            raise ToolRetry(f"{self.language}: {self.peek()!r} is not understood there")


def logql(text: str, owned: Owned) -> Checked:
    """Lines of streams, or their number over time. Raises ToolRetry for all else.

    Read are {label="…"}, |= != |~ !~ "…", | json, | logfmt, | label > 1, count_over_time and rate
    over [1m], and sum, max, min, avg by (label) of those.
    """
    tokens = _Tokens(text, "LogQL")
    reach = [0.0]
    written = _log_metric(tokens, owned, reach)
    tokens.end()
    service = next(iter(tokens.whose)) if len(tokens.whose) == 1 else ""
    return Checked(written, reach[0], not written.startswith("{"), service)


def _log_metric(tokens: _Tokens, owned: Owned, reach: list[float]) -> str:
    if tokens.peek() == "{":
        return _log_lines(tokens, owned)
    name = tokens.take(*AGGREGATES, *COUNTS, "{")
    by = ""
    if name in AGGREGATES and tokens.peek() == "by":
        tokens.take("by")
        by = f" by ({', '.join(_listed(tokens, '(', ')', lambda: _name(tokens)))})"
    tokens.take("(")
    if name in COUNTS:
        lines = _log_lines(tokens, owned)
        tokens.take("[")
        width = tokens.take(kind="number")
        try:
            reach[0] = seconds(width)
        except ValueError as error:
            raise ToolRetry(f"LogQL: [{width}] is no duration: write [1m]") from error
        tokens.take("]")
        inside = f"{lines} [{width}]"
    else:
        inside = _log_metric(tokens, owned, reach)
    tokens.take(")")
    return f"{name}{by} ({inside})" if by else f"{name}({inside})"


def _log_lines(tokens: _Tokens, owned: Owned) -> str:
    matchers = list(_listed(tokens, "{", "}", lambda: _matcher(tokens)))
    tokens.whose |= owned.demand(matchers, "{…}")
    out = ["{" + ", ".join(f"{a}{sign}{again(b)}" for a, sign, b in matchers) + "}"]
    while tokens.peek() in ("|=", "!=", "|~", "!~", "|"):
        sign = tokens.take()
        if sign != "|":
            out.append(f"{sign} {again(tokens.string(pattern=sign[1] == '~'))}")
        elif tokens.peek() in ("json", "logfmt") and tokens.peek(1) not in ("=", "!=", ">", "<"):
            out.append(f"| {tokens.take()}")
        else:
            name = _name(tokens)
            sign = tokens.take("=", "==", "!=", "=~", "!~", ">", ">=", "<", "<=")
            value = again(tokens.string(pattern=True)) if "~" in sign else tokens.value()
            out.append(f"| {name} {sign} {value}")
    return " ".join(out)


def _matcher(tokens: _Tokens) -> Matcher:
    name, sign = _name(tokens), tokens.take("=", "!=", "=~", "!~")
    return name, sign, tokens.string(pattern="~" in sign)


def _name(tokens: _Tokens) -> str:
    name = tokens.take(kind="word")
    if not re.fullmatch(NAME, name):
        raise ToolRetry(f"{tokens.language}: {name!r} is no name")
    return name


def _listed(tokens: _Tokens, start: str, end: str, one: Callable[[], object]) -> Iterator:
    tokens.take(start)
    while True:
        yield one()
        if tokens.take(",", end) == end:
            return


def traceql(text: str, owned: Owned) -> Checked:
    """One set of spans, { … && … }, of a service. Raises ToolRetry for all else."""
    tokens = _Tokens(text, "TraceQL")
    tokens.take("{")
    demanded: list[Matcher] = []
    written = _spans(tokens, demanded, 0)
    tokens.take("}")
    tokens.end()
    owned.demand(demanded, "{…}")
    return Checked(f"{{ {written} }}", series=False)


def _spans(tokens: _Tokens, demanded: list[Matcher], depth: int) -> str:
    """Conditions; those that hold for every span are added to `demanded`."""
    own: list[Matcher] = []
    parts = [_condition(tokens, own, depth)]
    while tokens.peek() in ("&&", "||"):
        parts += [tokens.take(), _condition(tokens, own, depth)]
    demanded += own if "||" not in parts else []
    return " ".join(parts)


def _condition(tokens: _Tokens, demanded: list[Matcher], depth: int) -> str:
    if tokens.peek() == "(":
        if depth == DEEPEST:
            raise ToolRetry("TraceQL: brackets are nested too deeply")
        tokens.take("(")
        inside = _spans(tokens, demanded, depth + 1)
        tokens.take(")")
        return f"({inside})"
    field = tokens.take(kind="word")
    if not TRACE_FIELDS.fullmatch(field):
        raise ToolRetry(f"TraceQL: there is no field {field!r}; write span.x, resource.x or name")
    sign = tokens.take("=", "!=", "=~", "!~", ">", ">=", "<", "<=")
    if tokens.peek()[:1] in ('"', "`"):
        text = tokens.string(pattern="~" in sign)
        demanded.append((field, sign, text))
        return f"{field} {sign} {again(text)}"
    value = tokens.take(*TRACE_WORDS) if tokens.peek().isalpha() else tokens.take(kind="number")
    return f"{field} {sign} {value}"
