"""Rules across the columns of a drafted table: an order of dates or limits, a product, a sum.

A rule is written when no row breaks it, enough rows could, and rows put together by chance would break it: a rule
that chance keeps as well says nothing.
"""

from collections.abc import Sequence
from itertools import combinations, permutations

from algorithms.draft_support import ENOUGH, told_support
from algorithms.names import split_words
from state.contract import LogicalType
from state.draft import ColumnFacts, PairFacts, Proposal

_DATED = (LogicalType.DATE, LogicalType.TIMESTAMP)
_NUMERIC = (LogicalType.NUMBER, LogicalType.INTEGER)
_MOST_COLUMNS = 9
_CHANCE = 0.1  # share of rows put together by chance that must break a rule
_BY_CHANCE = 10  # rows at least: so many are all kept by chance once in twenty thousand tables
_TELLING = 0.2  # share of the rows that a rule must say something about
_ENDS = (("min", "max"), ("minimum", "maximum"), ("low", "high"), ("start", "end"), ("from", "to"), ("net", "gross"))
_WORDS = {"product": "{0} = {1} * {2}", "sum": "{0} = {1} + {2}", "difference": "{0} = {1} - {2} - {3}"}


def rule_candidates(facts: Sequence[ColumnFacts], *, keys: frozenset[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Return (kind, columns) of rules worth counting; `keys` identify or refer, and are no quantities."""
    dated = [column.name for column in facts if column.logical_type in _DATED and column.filled >= ENOUGH]
    same = {column.name: column.logical_type for column in facts}
    numeric = [
        column.name
        for column in facts
        if column.logical_type in _NUMERIC
        and column.name not in keys
        and column.filled >= ENOUGH
        and column.distinct > 2  # noqa: PLR2004  a flag is no quantity
    ][:_MOST_COLUMNS]
    found: list[tuple[str, tuple[str, ...]]]
    found = [("order", pair) for pair in permutations(dated[:_MOST_COLUMNS], 2) if same[pair[0]] is same[pair[1]]]
    found += [("order", pair) for pair in permutations(numeric, 2) if _are_ends(*pair)]
    for whole in numeric:
        others = [name for name in numeric if name != whole]
        for parts in combinations(others, 2):
            found += [("product", (whole, *parts)), ("sum", (whole, *parts))]
        found += [
            ("difference", (whole, first, *rest))
            for first in others
            for rest in combinations([name for name in others if name != first], 2)
        ]
    return tuple(found)


def _are_ends(low: str, high: str) -> bool:
    first, second = split_words(low), split_words(high)
    return any(
        start in first
        and end in second
        and [word for word in first if word != start] == [word for word in second if word != end]
        for start, end in _ENDS
    )


def rule_proposals(found: Sequence[PairFacts]) -> Proposal:
    """Return the rules of a table as SQL rules."""
    kept = [each for each in found if _holds(each)]
    strict = {each.columns for each in kept if each.kind == "order"}
    rules = []
    for each in kept:
        if each.kind == "order" and _follows(each.columns, strict):
            continue
        words = (
            f"{each.columns[0]} <= {each.columns[1]}"
            if each.kind == "order"
            else _WORDS[each.kind].format(*each.columns)
        )
        by_chance = f"by chance {100 * each.broken_by_chance / each.rows:.0f} % of the rows would break it"
        note = f"holds in {each.rows:,} of {each.rows:,} rows; {by_chance}; {told_support(each.rows)}"
        rule = {"name": words, "type": "sql", "query": _query(each), "mustBe": 0}
        rules.append((rule, note))
    return Proposal(quality=tuple(rules))


def broken_sql(kind: str, columns: Sequence[str]) -> str:
    """Return SQL that is TRUE where quoted `columns` break the rule, with half a hundredth for rounding."""
    if kind == "order":
        return f"{columns[0]} > {columns[1]}"
    whole, first, *rest = columns
    sign = {"product": " * ", "sum": " + ", "difference": " - "}[kind]
    return f"abs({whole} - ({sign.join((first, *rest))})) > 0.0051"


def quoted(name: str) -> str:
    """Return a column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def _holds(each: PairFacts) -> bool:
    telling = each.kind == "order" or each.telling >= max(ENOUGH, _TELLING * each.rows)
    by_chance = each.broken_by_chance >= max(_BY_CHANCE, _CHANCE * each.rows)
    return each.rows >= ENOUGH and not each.broken and by_chance and telling


def _follows(pair: tuple[str, ...], known: set[tuple[str, ...]]) -> bool:
    """Whether an order follows from two others, by way of a third column."""
    middles = {after for before, after in known if before == pair[0]} - {pair[1]}
    return any((middle, pair[1]) in known for middle in middles)


def _query(each: PairFacts) -> str:
    return f"select count(*) from ${{table}} where {broken_sql(each.kind, [quoted(name) for name in each.columns])}"


def row_count(rows_by_file: Sequence[int]) -> Proposal:
    """Return the least number of rows: half of the smallest file, or a fifth of the only one."""
    full = [rows for rows in rows_by_file if rows]
    if not full or sum(full) < ENOUGH:
        return Proposal()
    least = int(min(full) * 0.5) if len(full) > 1 else int(full[0] * 0.2)
    if not least:
        return Proposal()
    told = (
        f"the smallest of {len(full):,} files has {min(full):,} rows"
        if len(full) > 1
        else f"the one file has {full[0]:,} rows"
    )
    return Proposal(quality=(({"metric": "rowCount", "mustBeGreaterOrEqualTo": least}, told),))


def repeated_rows(duplicates: int, rows: int, columns: Sequence[str]) -> Proposal:
    """Return a limit to rows that repeat another one in all of `columns`, for a table without a key."""
    if rows < ENOUGH or len(columns) < 3 or duplicates > 0.2 * rows:  # noqa: PLR2004  columns that make a row
        return Proposal()
    most = 1 if not duplicates else min(40, 2 * (int(100 * duplicates / rows) + 1))
    rule = {
        "metric": "duplicateValues",
        "arguments": {"properties": list(columns)},
        "mustBeLessOrEqualTo": most,
        "unit": "percent",
    }
    return Proposal(quality=((rule, f"{duplicates:,} of {rows:,} rows repeat another one; the table has no key"),))
