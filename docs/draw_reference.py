"""Writes what the documentation takes from the code, between its markers. `--check` only compares.

The catalogue of suites in evaluation.md, the settings in reference/settings.md, the keys of run.json in
reference/outputs.md.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

import app.settings
from evals.catalogue import catalogue_table

DOCS = Path(__file__).resolve().parent


def settings_table() -> str:
    """Return every setting with the environment variable that sets it, its default and its meaning."""
    lines = ["| variable | default | meaning |", "|---|---|---|"]
    known = [each for each in vars(app.settings).values() if isinstance(each, type) and issubclass(each, BaseSettings)]
    for model in sorted(set(known) - {BaseSettings}, key=lambda each: each.__name__ != "Settings"):
        lines += _rows(model, str(model.model_config.get("env_prefix") or ""))
    return "\n".join(lines) + "\n"


def _rows(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        variable = _variable(name, field, prefix)
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _rows(kind, f"{variable}__")
        else:
            yield f"| `{variable}` | {_default(field)} | {(field.description or field.title or '').replace('|', '/')} |"


def _variable(name: str, field: FieldInfo, prefix: str) -> str:
    choices = getattr(field.validation_alias, "choices", None)
    return "` or `".join(choices) if choices else f"{prefix}{name}".upper()


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    return "" if value in (None, "", {}, ()) else f"`{getattr(value, 'value', value)}`"


PARTS: dict[str, tuple[str, Callable[[], str]]] = {
    "evaluation.md": ("catalogue", catalogue_table),
    "reference/settings.md": ("settings", settings_table),
}


def redrawn(text: str, part: str, made: str) -> str:
    """Return a page with a part made anew between its markers."""
    begin, end = f"<!-- {part}: begin -->\n", f"<!-- {part}: end -->\n"
    head, rest = text.split(begin)
    return head + begin + made + end + rest.split(end)[1]


def main() -> int:
    """Write, or compare; return 1 when a page is out of date and only a comparison was asked for."""
    stale = 0
    for page, (part, make) in PARTS.items():
        path = DOCS / page
        text = path.read_text(encoding="utf-8")
        new = redrawn(text, part, make())
        stale += new != text
        if "--check" not in sys.argv:
            path.write_text(new, encoding="utf-8")
    return int(stale > 0 and "--check" in sys.argv)


if __name__ == "__main__":
    sys.exit(main())
