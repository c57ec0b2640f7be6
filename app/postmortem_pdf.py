"""A postmortem as PDF, from the HTML that its file has: by fpdf2, with a font of the system."""

import re
from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path

from fpdf import FPDF
from fpdf.fonts import TextStyle, TTFFont

from ..errors import InputError
from .charts.svg import FONT

FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "C:/Windows/Fonts")
STYLES = {"": "DejaVuSans", "B": "DejaVuSans-Bold", "I": "DejaVuSans-Oblique"}
OTHERS = ("NotoSansCJK-Regular", "NotoSansSC-Regular", "wqy-microhei", "wqy-zenhei")
"""Files that have what the first has not, where they are there."""
ASK = "install the DejaVu fonts (Debian: fonts-dejavu-core; for Chinese fonts-wqy-microhei too)"
INK, SIZE, LONGEST = "#1c2126", 9, 18
HEADS = {"h1": 18, "h2": 13, "h3": 10, "h4": 9}


def as_pdf(title: str, body: str, pictures: Sequence[str]) -> bytes:
    """The file; `body`: HTML without a frame, `pictures`: SVG, behind it. Raises InputError where
    no font here shows one of its characters."""
    pdf = FPDF(format="A4")
    pdf.set_title(title)
    pdf.set_margin(16)
    pdf.set_auto_page_break(True, 16)
    _fonts(pdf, body)
    pdf.add_page()
    sizes = {
        tag: TextStyle(None, "B", size, INK, t_margin=6, l_margin=0, b_margin=0.4)
        for tag, size in HEADS.items()
    }
    pdf.write_html(
        _plainer(body), li_prefix_color=INK, tag_styles=sizes, table_line_separators=True
    )
    for picture in pictures:
        pdf.ln(4)
        svg = str(picture).replace(FONT, "font-family='text'")  # markup would escape the quotes
        pdf.image(BytesIO(svg.encode()), w=pdf.epw)
    return bytes(pdf.output())


def _fonts(pdf: FPDF, text: str) -> None:
    for style, name in STYLES.items():
        if (file := _file(name)) is None:
            raise InputError(f"there is no font to write it with: {ASK}, or keep it as HTML")
        pdf.add_font("text", style, file)
    pdf.add_font("text", "BI", _file(STYLES["B"]))
    others = [file for name in OTHERS if (file := _file(name))]
    for number, file in enumerate(others):
        pdf.add_font(f"other{number}", "", file)
    pdf.set_fallback_fonts([f"other{number}" for number in range(len(others))], exact_match=False)
    known = [set(font.cmap) for font in pdf.fonts.values() if isinstance(font, TTFFont)]
    if missing := sorted(c for c in set(text) - {"\n"} if not any(ord(c) in one for one in known)):
        raise InputError(f"no font here shows “{missing[0]}”: {ASK}, or keep it as HTML")
    pdf.set_font("text", size=SIZE)


@cache
def _file(name: str) -> Path | None:
    places = (Path(folder).rglob(f"{name}.tt[fc]") for folder in FOLDERS)
    return next((file for found in places for file in found), None)


def _plainer(body: str) -> str:
    """Without links, which lead into evidence that is not in it; columns as wide as their text."""
    text = re.sub(r"</?(?:a|details)\b[^>]*>", "", body)
    text = re.sub(r"<(/?)summary>", r"<\1h3>", text)
    return re.sub(r"<table>.*?</table>", lambda table: _table(table[0]), text, flags=re.DOTALL)


def _width(cells: Sequence[str]) -> float:
    """No word is broken, and what is longer takes more, but not as much more."""
    word = max(len(word) for cell in cells for word in (cell.split() or [""]))
    return max(min(word, LONGEST) + 5, max(map(len, cells)) ** 0.7)


def _table(table: str) -> str:
    """Cells hold text alone."""
    rows = [re.findall(r"<t[hd]>(.*?)</t[hd]>", row, re.DOTALL) for row in table.split("</tr>")]
    rows = [[re.sub(r"<[^>]*>", "", cell) for cell in row] for row in rows if row]
    widths = [_width(column) for column in zip(*rows, strict=True)]
    heads = [f"<th align='left' width='{100 * w / sum(widths):.0f}%'>" for w in widths]
    first = "".join(f"{head}{cell}</th>" for head, cell in zip(heads, rows[0], strict=True))
    others = ("".join(f"<td align='left'>{cell}</td>" for cell in row) for row in rows[1:])
    lines = "".join(f"<tr>{row}</tr>" for row in others)
    return f"<table><thead><tr>{first}</tr></thead><tbody>{lines}</tbody></table>"
