"""Draws the supervisor graph from the code into README.md, between its two markers. `--check` only compares."""

import sys
from pathlib import Path

from graphs.supervisor import graph

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- graph: begin -->\n", "<!-- graph: end -->\n"


def drawing() -> str:
    """Return the supervisor with its subgraphs opened, as a Mermaid block."""
    return f"```mermaid\n{graph.get_graph(xray=1).draw_mermaid().strip()}\n```\n"


def redrawn(text: str) -> str:
    """Return the README with the drawing of the code as it is now."""
    head, rest = text.split(BEGIN)
    return head + BEGIN + drawing() + END + rest.split(END)[1]


def main() -> int:
    """Redraw, or compare; return 1 when the README is out of date and only a comparison was asked for."""
    text = README.read_text()
    new = redrawn(text)
    if "--check" in sys.argv:
        return int(new != text)
    README.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
