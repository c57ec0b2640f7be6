"""Keeping a drill's telemetry as a bundle: what the responder had when it first asked.

What came after the first action is left out: a bundle that is triaged again shall look as the
incident looked. The truth lies beside the bundle, never in it.
"""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..errors import InputError
from .faults import Truth


def snapshot(telemetry: Path, target: Path) -> None:
    """Copy a live bundle; a last line that is half written is cut off."""
    if target.exists() and any(target.iterdir()):
        raise InputError(f"{target} is not empty; name another folder with --keep")
    shutil.copytree(telemetry, target, dirs_exist_ok=True)
    for file in target.rglob("*.jsonl"):
        whole = file.read_bytes()
        file.write_bytes(whole[: whole.rfind(b"\n") + 1])


def keep_truth(target: Path, truth: Truth, times: dict[str, float | None]) -> Path:
    """Write the truth beside a bundle, with when (unix seconds) the fault began and was seen."""
    content: dict[str, Any] = {**asdict(truth), "times": times}
    content["parameters"] = [
        {"action": action, "target": aim, "parameters": values}
        for (action, aim), values in truth.parameters.items()
    ]
    file = target.with_name(f"{target.name}.truth.json")
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return file
