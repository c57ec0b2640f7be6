"""Stack traces of several languages, grouped by root exception and deepest frame of our own.

Formats: Python's traceback module, Java's Throwable.printStackTrace, V8's Error.stack, .NET's
Exception.ToString, Go's panic. Frames are given outermost first, whatever the language prints.
Anybody may have written a trace: it is read line by line, each in time linear in its length.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

LIBRARIES: tuple[str, ...] = (
    *("site-packages/", "dist-packages/", "/lib/python3", "<frozen", "<string>"),
    *("node_modules/", "node:", "/usr/local/go/src/", "/pkg/mod/"),
    *("java.", "javax.", "jakarta.", "jdk.", "sun.", "kotlin.", "scala.", "System.", "Microsoft."),
    *("org.springframework.", "org.apache.", "org.hibernate.", "io.netty.", "io.grpc.", "reactor."),
    *("com.mysql.", "com.mongodb.", "com.fasterxml.", "runtime.", "net/http."),
)
"""Not our code: with a `/`, `<` or `:` a part of the file name, else the function's beginning."""


@dataclass(frozen=True, slots=True)
class StackFrame:
    """One call of a stack."""

    file: str
    line: int
    function: str


@dataclass(frozen=True, slots=True)
class Stack:
    """One exception: its root cause's type and message, and its frames, deepest last."""

    exception: str
    message: str
    frames: tuple[StackFrame, ...]


Place = tuple[str, str, str]
"""Exception, file, function: lines move between releases."""

_CHAINED = re.compile(
    r"^(?:The above exception was the direct cause|During handling of the above exception).*$",
    re.MULTILINE,
)
_PYTHON = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d{1,9}), in (?P<function>.+)')
_PLACE = re.compile(r"(?P<file>[^():]*(?::[^():\d][^():]*)?)(?::(?P<line>\d{1,9}))?(?::\d{1,9})?\)")
"""Between brackets: `app.js:10:5`, `node:fs:1:2`, `Cart.java:33`, `Native Method`."""
_BARE = re.compile(r"(?P<file>[^\s()]+):(?P<line>\d{1,9}):\d")
_NET = re.compile(r"(?P<file>.+):line (?P<line>\d{1,9})")
_GO_FUNCTION = re.compile(r"[\w./*()-]+")
_GO_FILE = re.compile(r"\s+(?P<file>\S+\.go):(?P<line>\d{1,9})")
_TITLE = re.compile(
    r"^(?:Exception in thread \"[^\"]*\" |Caused by: |Unhandled exception\. |Uncaught )?"
    r"(?P<type>[A-Za-z_][\w.$]*)(?:: ?(?P<message>.*))?$"
)


def parse_stack(text: str) -> Stack | None:
    """Read one trace; of a chained one, the exception that started it. None when it is none."""
    if 'File "' in text:
        return _python(_CHAINED.split(text)[0])
    if "goroutine " in text and "panic:" in text:
        message = text.split("panic:", 1)[1].split("\n", 1)[0].strip()
        return Stack("panic", message, _go(text.split("\n"))[::-1])
    block = re.split(r"^(?=Caused by: )", text.strip(), flags=re.MULTILINE)[-1].split("\n")
    title = _TITLE.match(block[0].strip())
    frames = tuple(frame for line in block if (frame := _at(line)))[::-1]
    if title is None or not frames:
        return None
    return Stack(title["type"], (title["message"] or "").strip(), frames)


def _python(block: str) -> Stack | None:
    frames, title = [], None
    for line in block.split("\n"):
        if match := _PYTHON.match(line):
            frames.append(StackFrame(match["file"], int(match["line"]), match["function"].strip()))
            title = None
        else:  # source lines and their markers are indented
            title = title or _TITLE.match(line)
    if not frames:
        return None
    exception, message = (title["type"], title["message"] or "") if title else ("", "")
    return Stack(exception, message.strip(), tuple(frames))


def _at(line: str) -> StackFrame | None:
    """The frame of a line `at …`, as Java, JavaScript and .NET write it."""
    call = line.strip()
    if not call.startswith("at "):
        return None
    call = call[3:]
    return _net(call) or _bracketed(call) or _placed(_BARE.match(call), "")


def _net(call: str) -> StackFrame | None:
    """`Shop.Cart.Pay(Int32 id) in /src/Cart.cs:line 42`."""
    before, inside, place = call.rpartition(") in ")
    first = before.split(maxsplit=1)[0] if before.strip() else ""
    if not inside or "(" not in first:
        return None
    return _placed(_NET.match(place), first.rpartition("(")[0])


def _bracketed(call: str) -> StackFrame | None:
    """`Cart.pay (/app/cart.js:10:5)`, `shop.Cart.pay(Cart.java:33)`."""
    function, bracket, place = call.partition("(")
    return _placed(_PLACE.match(place), function) if bracket and function else None


def _placed(match: re.Match[str] | None, function: str) -> StackFrame | None:
    return match and StackFrame(match["file"], int(match["line"] or 0), function.strip())


def _go(lines: Sequence[str]) -> tuple[StackFrame, ...]:
    """A call on one line, its file on the next."""
    frames = []
    for line, below in pairwise(lines):
        head = _GO_FUNCTION.match(line)
        place = _GO_FILE.match(below) if head and line.endswith(")") else None
        if head and place and "(" in head.group():
            frames.append(_placed(place, head.group().rpartition("(")[0]))
    return tuple(frame for frame in frames if frame and frame.function)


def place_of(stack: Stack) -> Place:
    """What traces of one root exception at one place have in common."""
    frame = own_frame(stack)
    return stack.exception, frame.file if frame else "", frame.function if frame else ""


def own_frame(stack: Stack) -> StackFrame | None:
    """The deepest frame that is not a library's; the deepest of all when every one is."""
    for frame in reversed(stack.frames):
        if not any(_belongs(frame, library) for library in LIBRARIES):
            return frame
    return stack.frames[-1] if stack.frames else None


def raised_at(text: str) -> StackFrame | None:
    """The deepest frame of own code; of a chain of exceptions, in the first that has one."""
    stacks = [stack for part in _CHAINED.split(text) if (stack := parse_stack(part))]
    for frame in map(own_frame, stacks):
        if frame and not any(mark in frame.file for mark in LIBRARIES):
            return frame
    return own_frame(stacks[0]) if stacks else None


def _belongs(frame: StackFrame, library: str) -> bool:
    if any(mark in library for mark in "/<:"):
        return library in frame.file or frame.function.startswith(library)
    return frame.function.startswith(library)
