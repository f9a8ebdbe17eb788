"""What the council is shown of mappings: a header variant is profiled once."""

from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from state.contract import Column, LogicalType, Table
from tools.decision_log import findings


def test_a_header_variant_is_profiled_once_however_many_columns_are_asked_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    profiled: list[str] = []

    def profile(_connection: object, relation: str, *_: object, **__: object) -> tuple[object, ...]:
        profiled.append(relation)
        return ()

    monkeypatch.setattr(findings, "profile_landed", profile)
    table = Table(
        name="t", columns=tuple(Column(name=name, logical_type=LogicalType.STRING) for name in ("x", "y", "z"))
    )
    intake: Any = SimpleNamespace(
        variants_of=lambda _: (("v1", (0,)), ("v2", (1,))),
        inventory=SimpleNamespace(variant=lambda _: SimpleNamespace(columns=("a", "b", "c"))),
    )
    with duckdb.connect() as connection:
        connection.execute("create schema live")
        connection.execute("create table live.t (_row bigint, x varchar, y varchar, z varchar)")
        for name in ("x", "y", "z"):
            connection.execute(f'alter table live.t add column "raw${name}" varchar')
        landing = findings.Landing(connection, table, intake)
        for variant in ("v1", "v2"):
            for source, target in (("a", "x"), ("b", "y"), ("c", "z")):
                landing.pair_findings(variant, {source: target})
    assert profiled == ['land."v1"', 'land."v2"']
