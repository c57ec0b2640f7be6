"""Files that only their owner reads, whatever the umask; and their names."""

import hashlib
import os
import re
import secrets
from contextlib import suppress
from pathlib import Path

LONGEST = 80
"""Characters of a name that are kept: a file system takes 255 bytes, and we add to it."""
UNSAFE = re.compile(r"[^A-Za-z0-9_.-]+")


def file_name(words: str) -> str:
    """A name that is safe as one part of a path, the same for the same words.

    Words that had to be changed or cut keep apart by a short digest of what they were.
    """
    safe = UNSAFE.sub("-", words).strip(".-")[:LONGEST]
    if safe and safe == words:
        return safe
    digest = hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{safe}-{digest[:8]}".lstrip("-")


def make_private(path: Path) -> None:
    """The file with access for its owner only, made where it is not there.

    One that is there is never opened: closing a file gives up every lock that this process has on
    it (POSIX), and the next process that closes an SQLite database throws its journal away.
    """
    if not path.exists():
        fresh = path.with_name(f".{secrets.token_hex(8)}.new")
        os.close(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        with suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    if path.stat().st_uid == os.geteuid():
        path.chmod(0o600)


def write_private(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees half a file. Lone surrogates become "?"."""
    fresh = path.with_name(f".{secrets.token_hex(8)}.new")
    make_private(fresh)
    try:
        fresh.write_text(text, encoding="utf-8", errors="replace")
        fresh.replace(path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
