"""Draws the graphs from the code: the supervisor into README.md, every graph of langgraph.json into docs/graphs.md.

`--check` only compares.
"""

import json
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
README, GUIDE = ROOT / "README.md", ROOT / "docs" / "graphs.md"
BEGIN, END = "<!-- graph: begin -->\n", "<!-- graph: end -->\n"

HEAD = """# The graphs, drawn from the code

Every graph that `langgraph.json` offers, as LangGraph compiles it: a solid arrow is always taken, a dotted one is
chosen by a router. What each does, and how to run it, is in [studio.md](studio.md). Drawn by
`python docs/draw_graphs.py`; a test compares.
"""


def drawing(graph: Any, xray: int = 0) -> str:  # noqa: ANN401  a graph of any state
    """Return a graph as a Mermaid block; `xray` is how many floors of its subgraphs are opened."""
    return f"```mermaid\n{graph.get_graph(xray=xray).draw_mermaid().strip()}\n```\n"


def exported() -> dict[str, tuple[str, Any]]:
    """Return the description and the graph of every entry of langgraph.json."""
    found = {}
    for name, entry in json.loads((ROOT / "langgraph.json").read_text())["graphs"].items():
        module, _, attribute = entry["path"].partition(":")
        found[name] = (entry["description"], getattr(import_module(module), attribute))
    return found


def guide() -> str:
    """Return the page with all graphs."""
    parts = [f"## {name}\n\n{told}\n\n{drawing(graph)}" for name, (told, graph) in exported().items()]
    return "\n".join((HEAD, *parts))


def redrawn(text: str) -> str:
    """Return the README with the drawing of the supervisor, its subgraphs opened, as the code is now."""
    head, rest = text.split(BEGIN)
    return head + BEGIN + drawing(exported()["supervisor"][1], xray=1) + END + rest.split(END)[1]


def main() -> int:
    """Redraw, or compare; return 1 when a page is out of date and only a comparison was asked for."""
    wanted = {README: redrawn(README.read_text()), GUIDE: guide()}
    if "--check" in sys.argv:
        return int(any(not page.is_file() or page.read_text() != text for page, text in wanted.items()))
    for page, text in wanted.items():
        page.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
