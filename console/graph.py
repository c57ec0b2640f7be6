"""`warroom graph`: the response as Mermaid text or as a picture made on this machine."""

import shutil
import subprocess
from pathlib import Path

from ..errors import InputError
from .exits import Exit
from .screen import shown


def graph_command(svg: Path | None, png: Path | None, mermaid: bool) -> Exit:
    """Write the pictures that are asked for; Mermaid text when none is."""
    from ..graph import graph  # langgraph takes seconds to import
    from .picture import picture

    drawn = graph.get_graph(xray=True)
    if mermaid or not (svg or png):
        print(drawn.draw_mermaid(), end="")
    if svg:
        _write(svg, picture(drawn).encode())
    if png:
        _write(png, _rendered(picture(drawn)))
    return Exit.done


def _rendered(text: str) -> bytes:
    """The PNG of an SVG, at twice its size."""
    program = shutil.which("rsvg-convert")
    if program is None:
        raise InputError(
            "a PNG needs rsvg-convert (Debian: librsvg2-bin); --svg shows the same without it"
        )
    command = [program, "--zoom=2", "--format=png"]
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode != 0:
        raise InputError(f"rsvg-convert failed: {shown(done.stderr.decode('utf-8', 'replace'))}")
    return done.stdout


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    print(f"wrote {path}")
