"""A postmortem for whoever has no Warroom: as one HTML file that needs nothing else."""

from collections.abc import Mapping
from html import escape

from .postmortem_text import rendered

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 52rem; margin: 0 auto; padding: 24px; }
h1 { font-size: 28px; line-height: 1.2; } h2 { font-size: 20px; margin-top: 32px; }
h3 { font-size: 16px; } table { border-collapse: collapse; width: 100%; font-size: 14px; }
th, td { text-align: left; vertical-align: top; padding: 4px 12px 4px 0; }
td, th { border-bottom: 1px solid #8886; } thead th { font-weight: 600; }
code { font-size: 14px; overflow-wrap: anywhere; } p.status { font-size: 14px; }
svg { max-width: 100%; height: auto; background: #fff; } figure { margin: 16px 0; }
figcaption, summary { font-size: 14px; } details { margin: 16px 0; } summary { cursor: pointer; }
body { overflow-wrap: break-word; } @page { margin: 18mm; }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""Also where it is opened from a disk, nothing of it runs or loads."""


def as_html(title: str, markdown: str, status: str, pictures: Mapping[str, str]) -> str:
    """The whole file. `status`: which version it is, and who published it; `pictures`: SVG by name,
    before the timeline where the text does not show them."""
    text = rendered(markdown, pictures)
    place = max(text.rfind("<h2>", 0, text.find('<a id="')), 0) or len(text)
    others = (svg for name, svg in pictures.items() if f"charts/{name}.svg" not in markdown)
    shown = "".join(f"<figure>{picture}</figure>" for picture in others)
    charts = f"<h2>Charts</h2>{shown}" if shown else ""
    return whole(
        title, f'<p class="status">{escape(status)}</p>\n{text[:place]}{charts}{text[place:]}'
    )


def whole(title: str, body: str, head: str = "") -> str:
    """One file that needs nothing else."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>{head}\n</head>\n<body>\n"
        f"{body}</body>\n</html>\n"
    )
