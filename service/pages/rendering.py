"""Pages from templates: a view model in, HTML out."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

ENVIRONMENT = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, status: int = 200, **view: Any) -> HTMLResponse:
    """The page of this template."""
    return HTMLResponse(ENVIRONMENT.get_template(template).render(view), status)
