"""Which queries give the same rows in any order: only what is certain."""

import pytest

from state.contract import Column, LogicalType, Table
from tools.sql.order_free import order_free

TABLE = Table(
    name="o",
    columns=(
        Column(name="a", logical_type=LogicalType.INTEGER),
        Column(name="n"),
        Column(name="f", logical_type=LogicalType.NUMBER),
    ),
)


@pytest.mark.parametrize(
    "sql",
    [
        "select n, count(*) as c, sum(a) as s from o group by n",
        "select n, sum(a) / count(*) as r, avg(a) as m from o group by n",
        "with x as (select n, count(distinct a) c from o group by n) select n, c / 2 from x",
        "select distinct n from o where n like 'a%'",
        "select p.n, min(o.a) from o join o p using (a) group by p.n having count(*) > 1",
        "select n, sum(a) filter (where a > 1) from o group by n order by n",
    ],
)
def test_exact_values_of_sets_are_free_of_order(sql: str) -> None:
    assert order_free(sql, [TABLE])


@pytest.mark.parametrize(
    "sql",
    [
        "select n, sum(f) from o group by n",
        "select * from o",
        "select sum(y) from o as t(x, z, y)",
        "select sum(r) from (select a / 2 as r from o)",
        "select sum(cast(a as double)) from o",
        "select sum(a * 1e0) from o",
        "select n from o limit 1",
        "select distinct on (n) n, a from o",
        "select n, row_number() over () from o",
        "select first(n) from o",
        "select string_agg(n, ',') from o",
        "select any_value(n) from o",
        "select list(a) from o",
        "select sqrt(a) from o",
        "select n from o having avg(a) > 1",
        "not sql at all (",
    ],
)
def test_what_may_hang_on_the_order_is_not(sql: str) -> None:
    assert not order_free(sql, [TABLE])
