"""The floors of the house, the wiring of its graphs, and what may not stand in it."""

import ast
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from importlinter.cli import lint_imports

ROOT = Path(__file__).resolve().parents[1]
SERVED = {name: entry["path"] for name, entry in json.loads((ROOT / "langgraph.json").read_text())["graphs"].items()}
COMPOSED = {
    f"{name}, composed": f"graphs.{name}:graph"
    for name in ("planner", "executor", "replanner", "react", "diagnose", "schema_council")
}
GRAPHS = SERVED | COMPOSED


def load(path: str) -> Any:
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)


def test_imports_point_downward_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0


@pytest.mark.parametrize("path", GRAPHS.values())
def test_every_node_is_reachable_and_leads_to_the_end(path: str) -> None:
    drawn = load(path).get_graph()
    forward: dict[str, set[str]] = {node: set() for node in drawn.nodes}
    backward: dict[str, set[str]] = {node: set() for node in drawn.nodes}
    for edge in drawn.edges:
        forward[edge.source].add(edge.target)
        backward[edge.target].add(edge.source)
    assert closure(forward, "__start__") == set(drawn.nodes)
    assert closure(backward, "__end__") == set(drawn.nodes)


def closure(edges: dict[str, set[str]], start: str) -> set[str]:
    seen, todo = {start}, [start]
    while todo:
        for node in edges[todo.pop()] - seen:
            seen.add(node)
            todo.append(node)
    return seen


@pytest.mark.parametrize("path", GRAPHS.values())
def test_every_key_a_node_declares_is_a_channel(path: str) -> None:
    graph = load(path)
    checked = 0
    for name, node in graph.builder.nodes.items():
        function = getattr(node.runnable, "func", None) or getattr(node.runnable, "afunc", None)
        if function is None:  # a subgraph: its output schema says what it writes
            keys = set(get_type_hints(node.runnable.builder.output_schema))
        else:
            keys = set(get_type_hints(get_type_hints(function)["return"]))
        assert keys <= set(graph.builder.channels), name
        checked += 1
    assert checked == len(graph.builder.nodes)


@pytest.mark.parametrize("path", GRAPHS.values())
def test_exported_graphs_have_no_checkpointer_of_their_own(path: str) -> None:
    assert load(path).checkpointer is None


@pytest.mark.parametrize("path", GRAPHS.values())
def test_a_server_can_show_what_goes_in_and_out(path: str) -> None:
    graph = load(path)
    assert graph.get_input_jsonschema()["properties"]
    assert graph.get_output_jsonschema()["properties"]
    assert graph.context_schema is not None


def sources() -> list[Path]:
    rooms = ("state", "algorithms", "tools", "nodes", "graphs", "evals", "app")
    return [path for room in rooms for path in (ROOT / room).rglob("*.py")]


def test_packages_are_all_declared() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    folders = {path.parent.relative_to(ROOT).as_posix().replace("/", ".") for path in sources()}
    missing = [folder for folder in folders if f'"{folder}"' not in text]
    assert missing == []


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_prints_outside_the_renderer(path: Path) -> None:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not any(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls)


def test_the_picture_in_the_readme_is_drawn_from_the_code_as_it_is() -> None:
    done = subprocess.run([sys.executable, str(ROOT / "docs" / "draw_graphs.py"), "--check"], check=False)
    assert done.returncode == 0, "run python docs/draw_graphs.py"


def test_every_path_in_the_table_of_symptoms_exists() -> None:
    table = [line for line in (ROOT / "AGENTS.md").read_text().splitlines() if line.startswith("|")]
    paths = [path for line in table[2:] for path in re.findall(r"`([\w./-]+/[\w./-]*)`", line.split("|")[2])]
    assert len(paths) >= len(table) - 2, "a row names no file"
    assert [path for path in paths if not (ROOT / path).exists()] == []
