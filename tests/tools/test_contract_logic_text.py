"""SQL put into the text of a contract: only it is new, whatever way the contract is written in."""

import re
from pathlib import Path

import pytest

from state.contract import Contract
from state.errors import ContractError
from tools.contract.logic_text import write_with_logic
from tools.contract.read import require_contract

HEAD = "apiVersion: v3.1.0\nkind: DataContract\nid: a\nname: a\nversion: 1.0.0\nstatus: active\n"
BLOCK = (
    "schema:  # tables\n- name: t\n  properties:\n  # key\n  - name: k\n    logicalType: integer\n"
    '  - description: größer 😀 "als" k  # why\n    name: v\n    logicalType: integer\n'
)
FLOW = "schema: [{name: t, properties: [{name: k, logicalType: integer}, {name: v, logicalType: integer}]}]\n"
EMPTY = (
    "schema:\n- name: t\n  properties:\n  - {name: k, logicalType: integer}\n"
    '  - name: v\n    transformLogic: ""  # none\n    logicalType: integer\n'
)
_ADDED = re.compile(r'transformLogic: "(?:[^"\\]|\\.)*"(?:, |\n *)')
ALIASED = (
    "schema:\n- name: t\n  properties: &all\n  - {name: k, logicalType: integer}\n  - {name: v, logicalType: integer}\n"
    "- name: u\n  properties: *all\n"
)


def written(folder: Path, text: str, logic: dict[str, str]) -> tuple[Contract, str]:
    source, target = folder / "source.yaml", folder / "target.yaml"
    source.write_bytes((HEAD + text).encode())
    contract = write_with_logic(source, target, require_contract(source)[0], logic)
    assert source.read_bytes() == (HEAD + text).encode()
    return contract, target.read_bytes().decode()


@pytest.mark.parametrize("text", [BLOCK, FLOW, BLOCK.replace("\n", "\r\n")])
@pytest.mark.parametrize("sql", ["k + 1", "case when k = 1 then \"k\"\n  else 'ä: # 😀 \\ {}' end"])
def test_sql_is_read_back_and_all_else_stays_as_it_was_written(tmp_path: Path, text: str, sql: str) -> None:
    contract, found = written(tmp_path, text, {"t.v": sql, "t.k": "1"})
    assert [column.transform_logic for column in contract.table("t").columns] == ["1", sql]
    assert _ADDED.sub("", found) == HEAD + text


def test_an_empty_entry_is_filled(tmp_path: Path) -> None:
    contract, found = written(tmp_path, EMPTY, {"t.v": "k"})
    assert contract.table("t").column("v").transform_logic == "k"
    assert found == (HEAD + EMPTY).replace('""', '"k"')


def test_a_column_that_two_tables_share_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="as it is written"):
        written(tmp_path, ALIASED, {"t.v": "k"})
