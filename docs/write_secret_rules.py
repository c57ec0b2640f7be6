"""Writes models/gitleaks.toml anew from gitleaks' own configuration.

.venv/bin/python docs/write_secret_rules.py SOURCE        # gitleaks' config/gitleaks.toml
"""

import json
import sys
import tomllib
from pathlib import Path

from warroom.models.rules import RULES

LEFT_OUT = {"generic-api-key", "private-key"}
"""Known to us in a form of our own that suits telemetry."""
END, LOOSE_END = r"""(?:[\x60'"\s;]|\\[nr]|$)""", r"(?:[^A-Za-z0-9_]|$)"


def main(source: Path) -> None:
    """Every rule that is not about files, with loosened ends; the head of the file stays."""
    head, _, _ = RULES.read_text().partition("\n[[rules]]")
    parts = [head]
    for rule in tomllib.loads(source.read_text())["rules"]:
        if rule["id"] not in LEFT_OUT and "path" not in rule:
            regex = rule["regex"].replace(END, LOOSE_END)
            parts.append(
                f'[[rules]]\nid = "{rule["id"]}"\nregex = {json.dumps(regex)}\n'
                f"keywords = {json.dumps(rule['keywords'])}\nentropy = {rule.get('entropy', 0)}\n"
            )
    RULES.write_text("\n".join(parts))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
