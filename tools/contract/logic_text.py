"""Putting `transformLogic` into the text of a contract; all else in the file stays as it was written.

Of a column it is a key of the standard, of a table a custom property.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import yaml

from state.contract import Contract
from state.errors import ContractError
from tools.contract.document import Place, read_document
from tools.contract.read import require_contract
from tools.files import write_durably

_KEY = "transformLogic"
_PROPERTIES = "customProperties"
_TABLE = 2  # parts of the place of a table


def write_with_logic(path: Path, target: Path, contract: Contract, logic: Mapping[str, str]) -> Contract:
    """Write the contract in `path` to `target` with SQL by "table.column" or "table"; return it as it is read there.

    ContractError when the file is written in a way that it cannot be put into; then `target` is not to be used.
    """
    read_document(path)  # refuses what is not safe to read
    text = path.read_bytes().decode("utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for place, sql in sorted(_places(contract, logic), reverse=True):
        put = _with_value if len(place) > _TABLE else _with_property
        text = put(text, _node(root, place, path), json.dumps(sql, ensure_ascii=False))
    write_durably(target, text.encode())
    written, _ = require_contract(target)
    if written.tables != _expected(contract, written, logic).tables:
        raise ContractError("SQL cannot be put into it as it is written", where=str(path), hint="write it in by hand")
    return written


def _places(contract: Contract, logic: Mapping[str, str]) -> Iterator[tuple[Place, str]]:
    for at, table in enumerate(contract.tables):
        if table.name in logic:
            yield ("schema", at), logic[table.name]
        for index, column in enumerate(table.columns):
            sql = logic.get(f"{table.name}.{column.name}")
            if sql is not None:
                yield ("schema", at, "properties", index), sql


def _node(root: yaml.Node | None, place: Place, path: Path) -> yaml.MappingNode:
    node = root
    for step in place:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step] if step < len(node.value) else None
        elif isinstance(node, yaml.MappingNode):
            node = next((value for key, value in node.value if key.value == step), None)
    if not isinstance(node, yaml.MappingNode) or not node.value:
        raise ContractError("a column cannot be found in the text", where=str(path), hint="write the SQL in by hand")
    return node


def _with_value(text: str, node: yaml.MappingNode, value: str) -> str:
    """Return the text with the key in a mapping: in place of an empty one, else before its first key."""
    for key, old in node.value:
        if key.value == _KEY:
            return f"{text[: old.start_mark.index].rstrip(' ')} {value}{text[old.end_mark.index :]}"
    first = node.value[0][0].start_mark
    between = ", " if node.flow_style else "\n" + " " * first.column
    return f"{text[: first.index]}{_KEY}: {value}{between}{text[first.index :]}"


def _with_property(text: str, node: yaml.MappingNode, value: str) -> str:
    """Return the text with the custom property in a mapping: first of those it has, or as the only one."""
    pair = f"property: millwright.{_KEY}, value: {value}"
    for key, old in node.value:
        if key.value != _PROPERTIES or not isinstance(old, yaml.SequenceNode) or not old.value:
            continue
        first = old.value[0].start_mark.index
        if old.flow_style:
            return f"{text[:first]}{{{pair}}}, {text[first:]}"
        dash = text.rindex("-", 0, first)
        indent = " " * (dash - text.rfind("\n", 0, dash) - 1)
        return f"{text[:dash]}- {{{pair}}}\n{indent}{text[dash:]}"
    start = node.value[0][0].start_mark
    between = ", " if node.flow_style else "\n" + " " * start.column
    return f"{text[: start.index]}{_PROPERTIES}: [{{{pair}}}]{between}{text[start.index :]}"


def _expected(contract: Contract, written: Contract, logic: Mapping[str, str]) -> Contract:
    tables = []
    for table, other in zip(contract.tables, written.tables, strict=True):
        columns = tuple(
            column.model_copy(
                update={"transform_logic": logic.get(f"{table.name}.{column.name}", column.transform_logic)}
            )
            for column in table.columns
        )
        update: dict[str, object] = {"columns": columns}
        if table.name in logic:
            update |= {"transform_logic": logic[table.name], "transform_sources": other.transform_sources}
        tables.append(table.model_copy(update=update))
    return contract.model_copy(update={"tables": tuple(tables)})
