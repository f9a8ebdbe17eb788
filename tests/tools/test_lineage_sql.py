"""Column lineage of SQL: known shapes one by one, and generated ones against what changing a column really changes."""

from collections.abc import Iterable
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from state.lineage import Uses
from tools.lineage.sql import UnresolvedSql, query_lineage

TABLES = {
    "orders": ["order_id", "customer_id", "amount", "status", "_file", "_line"],
    "customers": ["customer_id", "country"],
}


def shown(uses: Uses) -> dict[str, str]:
    return {".".join(ref): "/".join(sorted(ways)) for ref, ways in sorted(uses.items())}


CASES: dict[str, tuple[str, dict[str, dict[str, str]], dict[str, str]]] = {
    "a plain column": ("select amount from orders", {"amount": {"orders.amount": "IDENTITY"}}, {}),
    "names in any case": ('select O."Amount" as A from Orders o', {"a": {"orders.amount": "IDENTITY"}}, {}),
    "a cast": ("select amount::int as a from orders", {"a": {"orders.amount": "TRANSFORMATION"}}, {}),
    "all columns": (
        "select * exclude (order_id, customer_id, status, _line) from orders",
        {"amount": {"orders.amount": "IDENTITY"}, "_file": {"orders._file": "IDENTITY"}},
        {},
    ),
    "an alias used again": (
        "select amount + 1 as a, a * 2 as b from orders",
        {"a": {"orders.amount": "TRANSFORMATION"}, "b": {"orders.amount": "TRANSFORMATION"}},
        {},
    ),
    "a join with using": (
        "select country, customer_id as id from orders join customers using (customer_id)",
        {
            "country": {"customers.country": "IDENTITY"},
            "id": {"customers.customer_id": "TRANSFORMATION", "orders.customer_id": "TRANSFORMATION"},
        },
        {"customers.customer_id": "JOIN", "orders.customer_id": "JOIN"},
    ),
    "a natural join": (
        "select amount, country from orders natural join customers",
        {"amount": {"orders.amount": "IDENTITY"}, "country": {"customers.country": "IDENTITY"}},
        {"customers.customer_id": "JOIN", "orders.customer_id": "JOIN"},
    ),
    "groups": (
        "select status, count(*) n, sum(amount) s from orders where order_id > 3 group by 1 having max(_line) > 2",
        {"status": {"orders.status": "IDENTITY"}, "n": {}, "s": {"orders.amount": "AGGREGATION"}},
        {"orders._line": "FILTER", "orders.order_id": "FILTER", "orders.status": "GROUP_BY"},
    ),
    "group by all": (
        "from orders select status, count(*) as n group by all order by all",
        {"status": {"orders.status": "IDENTITY"}, "n": {}},
        {"orders.status": "GROUP_BY/SORT"},
    ),
    "a filter of an aggregate": (
        "select sum(amount) filter (where status = 'a') as s from orders",
        {"s": {"orders.amount": "AGGREGATION", "orders.status": "FILTER"}},
        {},
    ),
    "an aggregate in an order": (
        "select string_agg(status, ',' order by amount) as s from orders",
        {"s": {"orders.amount": "SORT", "orders.status": "AGGREGATION"}},
        {},
    ),
    "an aggregate that sqlglot does not know": (
        "select product(amount) as p from orders",
        {"p": {"orders.amount": "AGGREGATION"}},
        {},
    ),
    "a case": (
        "select case when status = 'a' then amount else order_id end as c from orders",
        {
            "c": {
                "orders.amount": "TRANSFORMATION",
                "orders.order_id": "TRANSFORMATION",
                "orders.status": "CONDITIONAL",
            }
        },
        {},
    ),
    "a case of a value": (
        "select case status when 'a' then 1 end as c from orders",
        {"c": {"orders.status": "CONDITIONAL"}},
        {},
    ),
    "a named window": (
        "select sum(amount) over w as s from orders window w as (partition by status order by order_id)",
        {"s": {"orders.amount": "AGGREGATION", "orders.order_id": "WINDOW", "orders.status": "WINDOW"}},
        {},
    ),
    "qualify": (
        "select amount from orders qualify row_number() over (partition by status order by order_id) = 1",
        {"amount": {"orders.amount": "IDENTITY"}},
        {"orders.order_id": "FILTER", "orders.status": "FILTER"},
    ),
    "common table expressions": (
        (
            "with a as (select customer_id k, sum(amount) s from orders group by k), b as (select s * 2 as d from a) "
            "select d from b"
        ),
        {"d": {"orders.amount": "AGGREGATION"}},
        {"orders.customer_id": "GROUP_BY"},
    ),
    "a recursive query that swaps its columns": (
        (
            "with recursive r(a, b, n) as (select order_id, amount, 1 from orders union all "
            "select b, a, n + 1 from r where n < 5) select a from r"
        ),
        {"a": {"orders.amount": "IDENTITY", "orders.order_id": "IDENTITY"}},
        {},
    ),
    "a union by position": (
        "select order_id as a, amount as b from orders union all select customer_id, 0 from customers",
        {
            "a": {"customers.customer_id": "IDENTITY", "orders.order_id": "IDENTITY"},
            "b": {"orders.amount": "IDENTITY"},
        },
        {},
    ),
    "a union by name": (
        "select order_id as a from orders union all by name select customer_id as b, 1 as a from customers",
        {"a": {"orders.order_id": "IDENTITY"}, "b": {"customers.customer_id": "IDENTITY"}},
        {},
    ),
    "a difference": (
        "select customer_id from orders except select customer_id from customers",
        {"customer_id": {"orders.customer_id": "IDENTITY"}},
        {"customers.customer_id": "FILTER", "orders.customer_id": "GROUP_BY"},
    ),
    "a scalar subquery": (
        "select (select max(c.country) from customers c where c.customer_id = o.customer_id) as m from orders o",
        {
            "m": {
                "customers.country": "AGGREGATION",
                "customers.customer_id": "FILTER",
                "orders.customer_id": "FILTER",
            }
        },
        {},
    ),
    "exists": (
        "select amount from orders o where exists (select 1 from customers c where c.customer_id = o.customer_id)",
        {"amount": {"orders.amount": "IDENTITY"}},
        {"customers.customer_id": "FILTER", "orders.customer_id": "FILTER"},
    ),
    "a lateral join": (
        (
            "select l.country from orders o, lateral (select country from customers c "
            "where c.customer_id = o.customer_id) l"
        ),
        {"country": {"customers.country": "IDENTITY"}},
        {"customers.customer_id": "FILTER", "orders.customer_id": "FILTER"},
    ),
    "a list taken apart": (
        "select u.v from orders, unnest([order_id, amount]) as u(v)",
        {"v": {"orders.amount": "TRANSFORMATION", "orders.order_id": "TRANSFORMATION"}},
        {"orders.amount": "JOIN", "orders.order_id": "JOIN"},
    ),
    "distinct": (
        "select distinct status from orders",
        {"status": {"orders.status": "IDENTITY"}},
        {"orders.status": "GROUP_BY"},
    ),
    "distinct on": (
        "select distinct on (status) amount from orders order by order_id",
        {"amount": {"orders.amount": "IDENTITY"}},
        {"orders.order_id": "SORT", "orders.status": "GROUP_BY"},
    ),
    "a row as a value": (
        "select c as whole from customers c",
        {"whole": {"customers.country": "TRANSFORMATION", "customers.customer_id": "TRANSFORMATION"}},
        {},
    ),
    "a hash hides its value": ("select md5(status) as h from orders", {"h": {"orders.status": "MASKING"}}, {}),
    "constants": ("select 1 as one, 'x' as x from orders", {"one": {}, "x": {}}, {}),
}


@pytest.mark.parametrize("name", CASES)
def test_known_shapes(name: str) -> None:
    sql, columns, rows = CASES[name]
    found = query_lineage(sql, TABLES)
    assert {column: shown(uses) for column, uses in found.columns.items()} == columns
    assert shown(found.rows) == rows


@pytest.mark.parametrize(
    "sql",
    [
        "select columns('a.*') from orders",
        "select nothing from orders",
        "select * from elsewhere",
        "select amount from",
        "select customer_id from orders, customers",
    ],
)
def test_what_cannot_be_resolved_is_said_and_not_guessed(sql: str) -> None:
    with pytest.raises(UnresolvedSql, match=r"\w"):
        query_lineage(sql, TABLES)


NUMBERS = {"a": ["k", "x", "y"], "b": ["k", "z", "w"]}
ROWS = {"a": [(1, 4, 7), (2, 5, 7), (2, 6, 9), (3, 4, 8)], "b": [(1, 10, 1), (2, 20, 2), (2, 25, 1), (4, 30, 2)]}


def values(columns: list[str]) -> st.SearchStrategy[str]:
    column = st.sampled_from(columns)
    return st.one_of(
        column,
        st.builds("({} + {})".format, column, column),
        st.builds("(case when {} > {} then {} else {} end)".format, column, st.integers(1, 9), column, column),
        st.builds("coalesce(nullif({}, {}), {})".format, column, st.integers(1, 9), column),
        st.builds("(select max(z) from b b2 where b2.k <= {})".format, column),
        st.builds("cast({} in (select w from b) as integer)".format, column),
    )


def conditions(columns: list[str]) -> st.SearchStrategy[str]:
    column = st.sampled_from(columns)
    return st.one_of(
        st.builds("{} > {}".format, column, st.integers(1, 9)),
        st.builds("{} in (select z from b where w < {})".format, column, st.integers(1, 3)),
        st.builds("exists (select 1 from a a2 where a2.y = {})".format, column),
    )


@st.composite
def sources(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A FROM clause and the columns it offers."""
    kind = draw(st.sampled_from(["a", "join", "left join", "derived", "union"]))
    if kind == "a":
        return "a", ["a.k", "x", "y"]
    if kind == "derived":
        value = draw(values(["k", "x", "y"]))
        return f"(select k, {value} as v from a where {draw(conditions(['k', 'x']))}) d", ["d.k", "v"]
    if kind == "union":
        every = draw(st.sampled_from(["union", "union all", "except", "intersect"]))
        return f"(select k, x as v from a {every} select w, z from b) d", ["d.k", "v"]
    return f"a {kind} b on a.k = b.k and {draw(conditions(['x', 'w']))}", ["a.k", "x", "y", "z", "w"]


@st.composite
def queries(draw: st.DrawFn) -> str:
    """A query with the columns p and q."""
    source, columns = draw(sources())
    where = f" where {draw(conditions(columns))}" if draw(st.booleans()) else ""
    first, second = draw(values(columns)), draw(values(columns))
    kind = draw(st.sampled_from(["plain", "group", "window", "distinct", "top"]))
    if kind == "group":
        total = draw(st.sampled_from(["sum({})", "count(*)", "max({}) filter (where {} > 4)"])).format(second, second)
        having = " having count(*) > 1" if draw(st.booleans()) else ""
        query = f"select {first} as p, {total} as q from {source}{where} group by p{having}"
    elif kind == "window":
        order = draw(st.sampled_from(columns))
        query = f"select {first} as p, sum({second}) over (partition by {order}) as q from {source}{where}"
    elif kind == "top":
        query = f"select {first} as p, {second} as q from {source}{where} order by all limit 2"
    else:
        query = f"select {'distinct ' * (kind == 'distinct')}{first} as p, {second} as q from {source}{where}"
    return f"with c as ({query}) select p, q + 0 as q from c" if draw(st.booleans()) else query


def results(sql: str, rows: dict[str, Any]) -> dict[str, list[Any]]:
    """The values of each output column in any order."""
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        for table, columns in NUMBERS.items():
            connection.execute(f"create table {table} ({', '.join(f'{column} integer' for column in columns)})")
            connection.executemany(f"insert into {table} values (?, ?, ?)", rows[table])
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        found = cursor.fetchall()
    return {name: sorted((row[index] for row in found), key=repr) for index, name in enumerate(names)}


def perturbed(table: str, column: str, how: Iterable[int]) -> dict[str, Any]:
    index = NUMBERS[table].index(column)
    changed = [(*row[:index], value, *row[index + 1 :]) for row, value in zip(ROWS[table], how, strict=True)]
    return {**ROWS, table: changed}


def forgotten(sql: str, ref: tuple[str, str], how: list[int]) -> list[str]:
    """The output columns that change with a column that is not in their lineage."""
    lineage = query_lineage(sql, NUMBERS)
    before, after = results(sql, ROWS), results(sql, perturbed(*ref, how))
    changed = [column for column in before if before[column] != after[column]]
    return [column for column in changed if ref not in lineage.columns[column] and ref not in lineage.rows]


@settings(max_examples=150, deadline=None)
@given(
    queries(),
    st.sampled_from([(table, column) for table, columns in NUMBERS.items() for column in columns]),
    st.lists(st.integers(0, 10), min_size=4, max_size=4),
)
def test_what_changes_with_a_column_is_in_its_lineage(sql: str, ref: tuple[str, str], how: list[int]) -> None:
    assert forgotten(sql, ref, how) == []


@pytest.mark.parametrize(
    ("planted", "sql", "ref"),
    [
        ("tools.lineage.sql._row_uses", "select x as p from a where y > 7", ("a", "y")),
        ("tools.lineage.sql._join_conditions", "select x as p from a join b on a.k = b.k", ("b", "k")),
        ("tools.lineage.sql._order_uses", "select x as p from a order by y, x limit 1", ("a", "y")),
    ],
)
def test_a_reader_that_forgets_is_found_out(
    monkeypatch: pytest.MonkeyPatch, planted: str, sql: str, ref: tuple[str, str]
) -> None:
    assert forgotten(sql, ref, [9, 0, 9, 9]) == []
    monkeypatch.setattr(planted, lambda *_: iter(()))
    assert forgotten(sql, ref, [9, 0, 9, 9]) == ["p"]
