"""Labelled traces of reasoning: circular, near-circular and legitimate ones, some kinds held out while building.

Each kind is a function that writes a trace with a `Writer`. The kinds in HELD_OUT were written with the others and not
looked at while the detector was made; nothing in the detector was set by them.
"""

import random
from collections.abc import Callable
from enum import StrEnum

from evals.loops.writing import Act, Writer
from state.reasoning import ReasoningStep
from state.values import Value

Kind = Callable[[Writer], None]


class Label(StrEnum):
    """What a trace is."""

    CIRCULAR = "circular"
    NEAR_CIRCULAR = "near_circular"
    LEGITIMATE = "legitimate"

    @property
    def loops(self) -> bool:
        """Whether an alarm is right."""
        return self is not Label.LEGITIMATE


class Trace(Value):
    """The steps of one case."""

    trace_id: str  # "same_action/3"; says nothing about the label
    steps: tuple[ReasoningStep, ...]


def write_trace(kind: str, seed: int) -> Trace:
    """Return the trace of a kind drawn from a seed."""
    writer = Writer(random.Random(f"{kind} {seed}"))  # noqa: S311  traces, not secrets
    writer.healthy(writer.draw.randint(0, 4))
    KINDS[kind][1](writer)
    return Trace(trace_id=f"{kind}/{seed}", steps=tuple(writer.steps))


def _cycle(writer: Writer, period: int, rounds: int) -> None:
    acts = writer.different(period)
    for _ in range(rounds):
        for act in acts:
            writer.step(act)


def same_action(writer: Writer) -> None:
    """Write one action, again and again."""
    _cycle(writer, 1, writer.draw.randint(4, 8))


def two_cycle(writer: Writer) -> None:
    """Write two actions in turns."""
    _cycle(writer, 2, writer.draw.randint(3, 5))


def three_cycle(writer: Writer) -> None:
    """Write three actions in turns."""
    _cycle(writer, 3, writer.draw.randint(3, 4))


def failing_again(writer: Writer) -> None:
    """Write an action that fails for good, tried again and again."""
    act = Act("execute", {"sql": f"select nothing from {writer.table()}"}, {}, error="there is no column nothing")
    for _ in range(writer.draw.randint(4, 7)):
        writer.step(act)


def four_cycle(writer: Writer) -> None:
    """Write four actions in turns."""
    _cycle(writer, 4, 3)


def six_cycle(writer: Writer) -> None:
    """Write six actions in turns."""
    _cycle(writer, 6, 3)


def side_by_side(writer: Writer) -> None:
    """Write two calls at once, in changing order, again and again."""
    acts = writer.different(2)
    for _ in range(5):
        writer.draw.shuffle(acts)
        writer.step(*acts)


def only_thinking(writer: Writer) -> None:
    """Write plans and conclusions in new words, and nothing is looked at any more."""
    for at in range(9):
        words = writer.words(f"think about {writer.columns(1)[0]} once more")
        tool = ("plan", "reason")[at % 2]
        writer.step(Act(tool, {"text": words}, {"noted": words}, 0.2))


def reordered(writer: Writer) -> None:
    """Write the same question with its arguments in another order and other blanks."""
    table, (column,) = writer.table(), writer.columns(1)
    result = {"nulls": writer.draw.randrange(99), "rows": 100}
    for _ in range(6):
        pairs = [("table", table), ("column", column), ("limit", 10)]
        writer.draw.shuffle(pairs)
        writer.step(Act("analyse_schema", dict(pairs), result))


def other_blanks(writer: Writer) -> None:
    """Write the same SQL in other case, blanks and brackets."""
    table, (column,) = writer.table(), writer.columns(1)
    forms = (
        f"select count(*) from {table} where {column} is null",
        f"SELECT COUNT(*)  FROM {table} WHERE {column} IS NULL",
        f"select count( * ) from {table}\nwhere ({column} is null);",
        f"Select Count(*) From {table} Where ({column} Is Null)",
    )
    for _ in range(6):
        writer.step(Act("execute", {"sql": writer.draw.choice(forms)}, {"rows": [[17]]}))


def same_thought(writer: Writer) -> None:
    """Write the same action with thoughts that differ in a word."""
    act = writer.asks()
    for at in range(6):
        writer.step(act, thought=f"I look at it once more, attempt {at}, to see what is going on with the values")


def volatile_result(writer: Writer) -> None:
    """Write an answer that differs only in how long it took and when."""
    table = writer.table()
    for at in range(6):
        result = {"rows": [["total", 5]], "elapsed_ms": writer.draw.random(), "timestamp": f"10:{at:02}"}
        writer.step(Act("execute", {"sql": f"select sum(1) from {table}"}, result))


def growing_limit(writer: Writer) -> None:
    """Write the same query with another limit that brings the same rows."""
    table, result = writer.table(), writer.rows(6)
    for at in range(6):
        writer.step(Act("execute", {"sql": f"select * from {table} limit {10 + 10 * at}"}, result))


def cycle_with_noise(writer: Writer) -> None:
    """Write two actions in turns, with others in between that bring nothing."""
    first, second = writer.different(2)
    for at in range(4):
        writer.step(first)
        writer.step(second)
        if at % 2:
            writer.step(Act("search", {"query": f"hint {writer.draw.random()}"}, {"hits": []}, 0.1))


def reworded_search(writer: Writer) -> None:
    """Write one question in other words that finds the same."""
    table, (column,) = writer.table(), writer.columns(1)
    forms = (
        f"definition of {table} {column}",
        f"what does {column} in {table} mean",
        f"{table} {column} meaning",
        f"meaning and definition of the {column} of {table}",
        f"explain {column} {table}",
    )
    hits = {"hits": [{"where": "contract", "what": f"{table}.{column}", "text": "as the customer gave it", "line": 7}]}
    for at in range(7):
        writer.step(Act("search", {"query": forms[at % len(forms)]}, hits, 0.3))


def failing_in_turns(writer: Writer) -> None:
    """Write two calls that fail for good, in turns."""
    table = writer.table()
    for _ in range(4):
        writer.step(Act("execute", {"sql": f"delete from {table}"}, {}, error="write one SELECT statement"))
        writer.step(Act("transform_data", {"table": table, "by": "?"}, {}, error="unknown change '?'"))


def polling_changing(writer: Writer) -> None:
    """Write a state that is asked for until it is reached; it moves."""
    for at in range(7):
        writer.step(Act("job", {"id": 7}, {"state": "at work", "done": 14 * at}, 0.2))
    writer.step(Act("job", {"id": 7}, {"state": "ended", "done": 100}))


def paging_offset(writer: Writer) -> None:
    """Write rows read page by page."""
    table = writer.table()
    for at in range(7):
        sql = f"select * from {table} limit 5 offset {5 * at}"
        writer.step(Act("execute", {"sql": sql}, writer.rows(5)), thought=f"I read the next page, number {at}")


def retry_then_success(writer: Writer) -> None:
    """Write a call that fails in passing and then succeeds."""
    table = writer.table()
    for error in ("timed out after 30 s", "503 service unavailable", "timed out after 30 s"):
        writer.step(Act("execute", {"sql": f"select count(*) from {table}"}, {}, error=error))
    writer.step(Act("execute", {"sql": f"select count(*) from {table}"}, {"rows": [[9]]}))
    writer.healthy(3)


def column_scan(writer: Writer) -> None:
    """Write one question about every column; the answers are alike."""
    table = writer.table()
    for column in writer.columns(8):
        sql = f"select count(*) from {table} where {column} is null"
        writer.step(Act("execute", {"sql": sql}, {"rows": [[0]]}, 0.4), thought=f"I look for nulls in {column}")


def healthy(writer: Writer) -> None:
    """Write an investigation that gets on."""
    writer.healthy(8)


def known_polling(writer: Writer) -> None:
    """Write waiting for something that says nothing but that it is not ready."""
    for _ in range(6):
        writer.step(Act("get_status", {"job": "load"}, {"status": "pending"}, 0.1))
    writer.step(Act("get_status", {"job": "load"}, {"status": "done", "rows": 12}))


def paging_cursor(writer: Writer) -> None:
    """Write pages by an opaque cursor, two of which hold the same."""
    page = writer.rows(4)
    for at in range(7):
        result = page if at in (2, 3) else writer.rows(4)
        cursor = f"{writer.draw.getrandbits(64):016x}"
        writer.step(Act("fetch", {"cursor": cursor}, {**result, "next": f"{writer.draw.getrandbits(64):016x}"}))


def retries_apart(writer: Writer) -> None:
    """Write several calls that each fail in passing once or twice."""
    for act in writer.different(4):
        for _ in range(writer.draw.randint(1, 2)):
            writer.step(Act(act.tool, act.arguments, {}, error="429 too many requests, retry after 1 s"))
        writer.step(act)


def check_after_change(writer: Writer) -> None:
    """Write the same check after each of several changes, which do not help at first."""
    table, columns = writer.table(), writer.columns(3)
    check = {"rule": f"{table} is complete"}
    for column in columns:
        writer.step(Act("transform_data", {"table": table, "column": column, "by": "trim"}, writer.rows(2), 0.6))
        writer.step(Act("validate_data", check, {"violations": 12, "of": 100}))
    writer.step(Act("transform_data", {"table": table, "column": columns[0], "by": "null"}, writer.rows(2), 0.6))
    writer.step(Act("validate_data", check, {"violations": 0, "of": 100}))


def drill_down(writer: Writer) -> None:
    """Write one query with ever more conditions; the count stays the same for a while."""
    table, columns = writer.table(), writer.columns(5)
    conditions = [f"{column} is not null" for column in columns]
    for at in range(1, 6):
        sql = f"select count(*) from {table} where {' and '.join(conditions[:at])}"
        writer.step(Act("execute", {"sql": sql}, {"rows": [[3 if at == len(conditions) else 40]]}))


def same_of_every_table(writer: Writer) -> None:
    """Write the same look at every table."""
    for table in ("orders", "customers", "payments", "shipments", "visits"):
        writer.step(Act("analyse_schema", {"table": table}, {"columns": 4, "key": True, "rows": 100}, 0.4))


def looks_again(writer: Writer) -> None:
    """Write something is looked at a second time much later."""
    act = writer.asks()
    writer.step(act)
    writer.healthy(5)
    writer.step(act)
    writer.healthy(2)


def years(writer: Writer) -> None:
    """Write the same count for every year, nought in most."""
    table = writer.table()
    for place, year in enumerate(range(2015, 2022)):
        sql = f"select count(*) from {table} where year = {year}"
        writer.step(Act("execute", {"sql": sql}, {"rows": [[place // 5]]}, 0.4))


def five_cycle_failing(writer: Writer) -> None:
    """Write five actions in turns, one of which fails for good."""
    acts = writer.different(4)
    acts.insert(2, Act("execute", {"sql": "select"}, {}, error="the statement ends too early"))
    for _ in range(3):
        for act in acts:
            writer.step(act)


def thinks_between(writer: Writer) -> None:
    """Write the same action, with a plan in new words before each time."""
    act = writer.asks()
    for _ in range(5):
        words = writer.words(f"go over {writer.columns(1)[0]}")
        writer.step(Act("plan", {"steps": words}, {"noted": words}, 0.2))
        writer.step(act)


def quoted_names(writer: Writer) -> None:
    """Write the same query with other quotes and another limit."""
    table, result = writer.table(), writer.rows(3)
    for at in range(6):
        quote = ("", '"')[at % 2]
        sql = f"select id, value from {quote}{table}{quote} order by id limit {3 + at}"
        writer.step(Act("execute", {"sql": sql}, result))


def two_queries_with_limits(writer: Writer) -> None:
    """Write two queries in turns whose limits grow; each brings what it brought."""
    (first, second), tables = (writer.rows(4), writer.rows(4)), ("orders", "customers")
    for at in range(4):
        for table, result in zip(tables, (first, second), strict=True):
            writer.step(Act("execute", {"sql": f"select * from {table} limit {10 * (at + 1)}"}, result))


def halving(writer: Writer) -> None:
    """Write a threshold found by halving the range; counts are alike for a while."""
    table, low, high = writer.table(), 0, 1024
    border = writer.draw.randrange(1, 1024)
    for _ in range(7):
        middle = (low + high) // 2
        found = int(middle >= border)
        writer.step(
            Act("execute", {"sql": f"select count(*) from {table} where value < {middle}"}, {"rows": [[found]]})
        )
        low, high = (low, middle) if found else (middle, high)


def scan_side_by_side(writer: Writer) -> None:
    """Write two columns at once, four times; the answers are alike."""
    table, columns = writer.table(), writer.columns(8)
    for at in range(0, 8, 2):
        asked = [{"table": table, "column": column} for column in columns[at : at + 2]]
        writer.step(*(Act("analyse_schema", each, {"nulls": 0, "type": "text"}, 0.4) for each in asked))


def before_and_after(writer: Writer) -> None:
    """Write two looks, a change, and the same two looks, which the change did not touch."""
    table, first, second = writer.table(), *writer.different(2)
    writer.step(first)
    writer.step(second)
    writer.step(Act("transform_data", {"table": table, "column": "unit", "by": "times 1000"}, writer.rows(3), 0.7))
    writer.step(first)
    writer.step(second)
    writer.healthy(2)


def stubborn_outage(writer: Writer) -> None:
    """Write four failures in passing, then success, twice."""
    for act in writer.different(2):
        for error in ("connection reset", "500 internal server error", "temporarily unavailable", "timed out"):
            writer.step(Act(act.tool, act.arguments, {}, error=error))
        writer.step(act)


KINDS: dict[str, tuple[Label, Kind]] = {
    **{
        kind.__name__: (Label.CIRCULAR, kind)
        for kind in (
            same_action,
            two_cycle,
            three_cycle,
            failing_again,
            four_cycle,
            six_cycle,
            side_by_side,
            only_thinking,
            failing_in_turns,
            five_cycle_failing,
            thinks_between,
        )
    },
    **{
        kind.__name__: (Label.NEAR_CIRCULAR, kind)
        for kind in (
            reordered,
            other_blanks,
            same_thought,
            volatile_result,
            growing_limit,
            cycle_with_noise,
            reworded_search,
            quoted_names,
            two_queries_with_limits,
        )
    },
    **{
        kind.__name__: (Label.LEGITIMATE, kind)
        for kind in (
            polling_changing,
            paging_offset,
            retry_then_success,
            column_scan,
            healthy,
            known_polling,
            paging_cursor,
            retries_apart,
            check_after_change,
            drill_down,
            same_of_every_table,
            looks_again,
            years,
            halving,
            scan_side_by_side,
            before_and_after,
            stubborn_outage,
        )
    },
}

HELD_OUT = frozenset(
    {
        "four_cycle",
        "six_cycle",
        "side_by_side",
        "only_thinking",
        "failing_in_turns",
        "growing_limit",
        "cycle_with_noise",
        "known_polling",
        "paging_cursor",
        "retries_apart",
        "check_after_change",
        "drill_down",
        "same_of_every_table",
        "looks_again",
        "years",
        "five_cycle_failing",
        "thinks_between",
        "quoted_names",
        "two_queries_with_limits",
        "halving",
        "scan_side_by_side",
        "before_and_after",
        "stubborn_outage",
    }
)
