"""Explanations as HTML pages. Templates hold the words and the shape, `style.css` the looks; no value is markup."""

from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from state.explanation import Explanation, Picture
from tools.pages.visible import exact, visible, visible_lines

_TEMPLATES = Path(__file__).parent / "templates"
_PAGE = "explanation.html.j2"
_PICTURE, _PICTURE_STYLE = "picture.svg.j2", "picture.css"
STYLE = _TEMPLATES / "style.css"
"""The looks of every page."""
_MOST_PROSE = 1_500  # characters of a sentence; values in it are shorter


def render_page(explanation: Explanation) -> str:
    """Return the explanation as one self-contained page that loads nothing and runs no script."""
    shown = {judgement.decision_id for section in explanation.sections for judgement in section.judgements}
    return page_environment().get_template(_PAGE).render(page=explanation, shown_decisions=shown)


def render_picture(picture: Picture) -> str:
    """Return a picture as a self-contained SVG file for light and dark backgrounds."""
    style = Markup((_TEMPLATES / _PICTURE_STYLE).read_text())  # noqa: S704  a file of ours
    return page_environment().get_template(_PICTURE).render(drawn=picture, style=style)


@lru_cache(maxsize=4)
def page_environment(*folders: Path) -> Environment:
    """Return what renders the templates in `folders` and the ones of this package; no value is markup."""
    environment = Environment(
        loader=FileSystemLoader([*folders, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    environment.filters["code_lines"] = lambda text: escape(visible_lines(text))
    environment.filters["exact"] = exact
    environment.filters["examples"] = lambda text: [visible(line) for line in str(text).split("\n")]
    return environment


def _finalized(value: object) -> object:
    """Return what a template prints: text with everything in it visible; markup as the templates made it."""
    return visible(value, _MOST_PROSE) if isinstance(value, str) and not isinstance(value, Markup) else value
