"""Stack traces of several languages, grouped by root exception and deepest frame of our own.

Formats: Python's traceback module, Java's Throwable.printStackTrace, V8's Error.stack, .NET's
Exception.ToString, Go's panic. Frames are given outermost first, whatever the language prints.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

LIBRARIES: tuple[str, ...] = (
    *("site-packages/", "dist-packages/", "/lib/python3", "<frozen", "<string>"),
    *("node_modules/", "node:", "/usr/local/go/src/", "/pkg/mod/"),
    *("java.", "javax.", "jakarta.", "jdk.", "sun.", "kotlin.", "scala.", "System.", "Microsoft."),
    *("org.springframework.", "org.apache.", "org.hibernate.", "io.netty.", "io.grpc.", "reactor."),
    *("com.mysql.", "com.mongodb.", "com.fasterxml.", "runtime.", "net/http."),
)
"""Not our code: with a `/`, `<` or `:` a part of the file name, else the function's beginning."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a stack."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Stack:
    """One exception: its root cause's type and message, and its frames, deepest last."""

    exception: str
    message: str
    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class StackGroup:
    """Traces with one root exception at one place."""

    exception: str
    frame: Frame | None
    """Deepest frame of our own, else the deepest; None when no frame could be read."""
    count: int
    first: int
    """Index of the first one in the input."""
    example: str


_CHAINED = re.compile(
    r"^(?:The above exception was the direct cause|During handling of the above exception).*$",
    re.M,
)
_PYTHON = re.compile(r'^\s*File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<function>.+)$', re.M)
_AT = re.compile(
    r"^\s*at (?:(?P<net>\S+)\([^\n]*\) in (?P<netfile>[^\n]+):line (?P<netline>\d+)"
    r"|(?P<function>[^\n(]+?)\s?"
    r"\((?P<file>[^():\n]*(?::[^():\d\n][^():\n]*)?)(?::(?P<line>\d+))?(?::\d+)?\)"
    r"|(?P<barefile>[^\s()]+):(?P<bareline>\d+):\d+)",
    re.M,
)
_GO = re.compile(r"^(?P<function>[\w./*()-]+)\(.*\)\n\s+(?P<file>\S+\.go):(?P<line>\d+)", re.M)
_TITLE = re.compile(
    r"^(?:Exception in thread \"[^\"]*\" |Caused by: |Unhandled exception\. |Uncaught )?"
    r"(?P<type>[A-Za-z_][\w.$]*)(?:: ?(?P<message>.*))?$"
)


def group_stacks(texts: Sequence[str], libraries: Sequence[str] = LIBRARIES) -> list[StackGroup]:
    """Group traces by root exception, file and function (lines move between releases); the most
    frequent first. Texts without a readable trace are left out."""
    parsed = {text: parse_stack(text) for text in dict.fromkeys(texts)}
    members: dict[tuple[str, str, str], list[int]] = {}
    for index, text in enumerate(texts):
        stack = parsed[text]
        if stack is not None:
            frame = own_frame(stack, libraries)
            file, function = (frame.file, frame.function) if frame else ("", "")
            members.setdefault((stack.exception, file, function), []).append(index)
    ordered = sorted(members.items(), key=lambda item: (-len(item[1]), item[0]))
    return [_group(key[0], texts, indices, libraries) for key, indices in ordered]


def _group(
    exception: str, texts: Sequence[str], indices: list[int], libraries: Sequence[str]
) -> StackGroup:
    example = texts[indices[0]]
    stack = parse_stack(example)
    frame = own_frame(stack, libraries) if stack else None
    return StackGroup(exception, frame, len(indices), indices[0], example)


def parse_stack(text: str) -> Stack | None:
    """Read one trace; of a chained one, the exception that started it. None when it is none."""
    if 'File "' in text:
        return _python(_CHAINED.split(text)[0])
    if "goroutine " in text and "panic:" in text:
        message = text.split("panic:", 1)[1].split("\n", 1)[0].strip()
        return Stack("panic", message, _frames(_GO, text)[::-1])
    blocks = re.split(r"^(?=Caused by: )", text.strip(), flags=re.M)
    title = _TITLE.match(blocks[-1].split("\n", 1)[0].strip())
    frames = _frames(_AT, blocks[-1])[::-1]
    if title is None or not frames:
        return None
    return Stack(title["type"], (title["message"] or "").strip(), frames)


def _python(block: str) -> Stack | None:
    frames = _frames(_PYTHON, block)
    if not frames:
        return None
    last = list(_PYTHON.finditer(block))[-1].end()
    for line in block[last:].split("\n")[1:]:
        title = _TITLE.match(line)  # source lines and their markers are indented
        if title is not None:
            return Stack(title["type"], (title["message"] or "").strip(), frames)
    return Stack("", "", frames)


def _frames(pattern: re.Pattern[str], text: str) -> tuple[Frame, ...]:
    return tuple(_frame(match.groupdict()) for match in pattern.finditer(text))


def _frame(parts: dict[str, str | None]) -> Frame:
    file = parts["file"] or parts.get("netfile") or parts.get("barefile") or ""
    line = parts["line"] or parts.get("netline") or parts.get("bareline") or "0"
    return Frame(file, int(line), (parts["function"] or parts.get("net") or "").strip())


def own_frame(stack: Stack, libraries: Sequence[str] = LIBRARIES) -> Frame | None:
    """The deepest frame that is not a library's; the deepest of all when every one is."""
    for frame in reversed(stack.frames):
        if not any(_belongs(frame, library) for library in libraries):
            return frame
    return stack.frames[-1] if stack.frames else None


def _belongs(frame: Frame, library: str) -> bool:
    if any(mark in library for mark in "/<:"):
        return library in frame.file or frame.function.startswith(library)
    return frame.function.startswith(library)
