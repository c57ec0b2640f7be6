"""Writes docs/examples/documents.md from the records of drills: what a reader sees before a fold is
opened, chosen and untouched; and one postmortem whole, with the charts that lie beside it.

    warroom drill bad-deploy --yes          # each in a home of its own
    python docs/write_documents.py HOME …
"""

import re
import shutil
import sys
from pathlib import Path

from warroom.agents.reporting.incident_page import incident_markdown
from warroom.app.files import postmortem_text
from warroom.app.record import Record, masked
from warroom.settings import Settings

FOLDER = Path(__file__).parent / "examples"
FOLDED = re.compile(r"<details>\n<summary>(.*?)</summary>.*?</details>", re.DOTALL)
DEFINED = re.compile(r"^\[[ETGD]\d+\]: .*\n?|!\[.*\n", re.MULTILINE)
HEAD = """# Ten documents

What stands in incident.md and in postmortems of drills before a fold is opened:
`docs/write_documents.py` made them from the records, and nobody edited them. The playbooks wrote
them, without a model. [One is there as a whole](postmortem.md), with its charts and evidence. Why
they read so: `agents/reasoning/style.yaml`.
"""


def seen(markdown: str) -> str:
    """Without charts, and with folds closed; its headings below the page's own."""
    text = DEFINED.sub("", FOLDED.sub(r"▸ *\1*", markdown))
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"^(#+) ", r"#\1 ", text, flags=re.M)).strip() + "\n"


def whole(settings: Settings, incident: str, text: str) -> None:
    """One postmortem, and what it shows."""
    (FOLDER / "postmortem.md").write_text(text)
    for name in re.findall(r"\(charts/(.+?\.svg)\)", text):
        (FOLDER / "charts").mkdir(exist_ok=True)
        shutil.copyfile(settings.files(incident) / "charts" / name, FOLDER / "charts" / name)


def main() -> None:
    """Of the newest incident of each home; of the first two in Chinese and the document as well."""
    parts = [HEAD]
    for number, home in enumerate(sys.argv[1:]):
        settings = Settings(home=Path(home))
        record = Record(settings)
        document = masked(record.incident(None))
        text = postmortem_text(settings, document)
        texts = [text]
        if number < 2:
            chinese = settings.model_copy(update={"language": "zh"})
            texts += [postmortem_text(chinese, document), incident_markdown(document)]
        if not number:
            whole(settings, document.id, text)
        parts += map(seen, texts)
    (FOLDER / "documents.md").write_text("\n---\n\n".join(parts))


if __name__ == "__main__":
    main()
