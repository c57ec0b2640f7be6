"""Writes docs/examples/documents.md from the records of drills: what a reader sees before a fold is
opened, chosen and untouched; and one postmortem whole, with the charts that lie beside it.

    warroom drill bad-deploy --approve-as-drill-commander
    python docs/write_documents.py HOME/incidents/INC-…/incident.json …
"""

import re
import shutil
import sys
from pathlib import Path

from warroom.agents.postmortem import draft
from warroom.agents.reporting.incident_page import incident_markdown
from warroom.app.charts.incident_charts import chart_file, marks_of, with_pictures
from warroom.app.charts.signal import signal_chart
from warroom.app.charts.tracks import SIGNALS, kept_tracks
from warroom.incident.document import Incident

FOLDER = Path(__file__).parent / "examples"
FOLDED = re.compile(r"<details>\n<summary>(.*?)</summary>.*?</details>", re.DOTALL)
HEAD = """# Ten documents

What stands in incident.md and in postmortems of drills before a fold is opened:
`docs/write_documents.py` made them from the records, and nobody edited them. The playbooks wrote
them, without a model. [One is there as a whole](postmortem.md), with its charts and evidence. Why
they read so: `agents/reasoning/style.yaml`.
"""


def seen(markdown: str) -> str:
    """With folds closed, without what only they need; its headings below the page's own."""
    text = FOLDED.sub(r"▸ *\1*", markdown)
    text = re.sub(r"^\[[ETGD]\d+\]: .*\n?|<a id=.*?</a>", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"^(#+) ", r"#\1 ", text, flags=re.M)).strip() + "\n"


def whole(text: str, folder: Path, document: Incident) -> None:
    """One postmortem, and what it shows; signals drawn anew, with the marks of their captions."""
    (FOLDER / "postmortem.md").write_text(text)
    (FOLDER / "charts").mkdir(exist_ok=True)
    for name in re.findall(r"\(charts/(.+?\.svg)\)", text):
        shutil.copyfile(folder / name, FOLDER / "charts" / name)
    marks, until = marks_of(document), document.began.at.timestamp()
    for track in kept_tracks(folder / SIGNALS):
        (FOLDER / "charts" / chart_file(track)).write_text(signal_chart(track, marks, until))


def main() -> None:
    """The postmortem of each; of the first two in Chinese and the document as well."""
    if len(sys.argv) < 2:
        sys.exit(
            "name the incident.json of at least one drill: without any there is nothing to write"
        )
    parts = [HEAD]
    for number, path in enumerate(map(Path, sys.argv[1:])):
        document = Incident.model_validate_json(path.read_text())
        now = max([document.opened_at, *(event.at for event in document.timeline)])
        text = with_pictures(
            draft(document, now).markdown, kept_tracks(path.parent / "charts" / SIGNALS), document
        )
        texts = [re.sub(r"!\[.*\n\n?", "", text)]
        if number < 2:
            texts += [draft(document, now, language="zh").markdown, incident_markdown(document)]
        if not number:
            whole(text, path.parent / "charts", document)
        parts += map(seen, texts)
    (FOLDER / "documents.md").write_text("\n---\n\n".join(parts))


if __name__ == "__main__":
    main()
