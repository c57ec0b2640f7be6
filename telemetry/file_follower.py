"""Follows append-only files: each read gives the complete new lines, never half of one."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

CHUNK_BYTES = 16 * 2**20
"""How much is read at once: bounds memory on large bundles."""


@dataclass
class Tail:
    """Where reading stands in each file of one modality (a folder of files, or one file)."""

    root: Path
    pattern: str  # "metrics/*.jsonl", "changes.jsonl"
    offsets: dict[Path, int] = field(default_factory=dict)
    half: dict[Path, int] = field(default_factory=dict)
    """Bytes of an unfinished last line, by file."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Why a file could not be opened, by its name."""

    def files(self) -> list[Path]:
        """The files there are now, by name; `*.ndjson` counts as well."""
        folder, _, pattern = self.pattern.rpartition("/")
        try:  # listed anew for each query: a listing is many times quicker than a glob
            names = os.listdir(self.root / folder)
        except OSError:
            return []
        patterns = pattern, pattern.replace(".jsonl", ".ndjson")
        found = (name for name in names if any(fnmatchcase(name, one) for one in patterns))
        return [self.root / folder / name for name in sorted(found)]

    def read(self) -> Iterator[bytes]:
        """Chunks of complete lines that are new since the last read."""
        for path in self.files():
            try:
                if path.stat().st_size != self.offsets.get(path, 0) + self.half.get(path, 0):
                    yield from self._new(path)
            except OSError as error:
                self.unreadable[path.name] = error.strerror or str(error)

    def _new(self, path: Path) -> Iterator[bytes]:
        size = path.stat().st_size
        start = self.offsets.get(path, 0)
        if size < start:  # it was replaced by a shorter one: read it from its beginning
            start = 0
        with path.open("rb") as file:
            file.seek(start)
            rest = b""
            while block := file.read(CHUNK_BYTES):
                complete, newline, rest = (rest + block).rpartition(b"\n")
                if newline:
                    start += len(complete) + 1
                    yield complete + newline
            if _whole(rest):  # the last line of a file that ends without a newline
                start += len(rest)
                yield rest + b"\n"
                rest = b""
        self.offsets[path], self.half[path] = start, len(rest)


def _whole(line: bytes) -> bool:
    """Whether an unterminated line is a complete object: no prefix of an object is one."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False
