"""The decision points at which a run asks a model: for each a small job in which it does, what is right and what wrong.

Right is what whoever made the job knows; wrong is another answer of the shape that is asked for.
"""

import csv
import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import duckdb

import nodes.perform
import nodes.steps.resolving
from evals.model_faults.places import Places
from evals.model_server import Act, Behaviour, ChatRequest, calls, structured
from nodes.steps.work import Outcome, Work
from state.plans import StepKind
from tools.conform.witnesses import gather_resolution_evidence

STAYS = ("none of them", "not clear", "once more")
"""How the option is told that leaves everything as it is."""


class Point(NamedTuple):
    """A decision point and its job."""

    name: str  # kind of the decision, as it stands in the record
    write: Callable[[Path], None]  # contract.yaml and input/ in a folder
    right: Behaviour
    wrong: Behaviour
    inject: Callable[[], AbstractContextManager[None]] = nullcontext  # what makes the run ask
    goal: str = ""
    needed: bool = False  # without the model's answer the run stops, and says why


def options(request: ChatRequest) -> dict[str, str]:
    """Return what each identifier of an option stands for."""
    return dict(re.findall(r"^([0-9a-f]{8}): (.*) \[.*\]$", request.text, re.MULTILINE))


def choosing(*wanted: str) -> Behaviour:
    """Choose the first option that is called by one of these words; else the one that leaves all as it is."""

    def choose(request: ChatRequest) -> Act:
        shown = options(request)
        key = next((key for key, text in shown.items() if any(each in text for each in wanted)), _stays(shown))
        return structured(request, {"option": key, "reason": "it is known"})

    return choose


def avoiding(*right: str) -> Behaviour:
    """Choose an option that is neither right nor harmless where there is one; the same one every time."""

    def choose(request: ChatRequest) -> Act:
        shown = options(request)
        left = sorted((text, key) for key, text in shown.items() if not any(each in text for each in right))
        odd = [(text, key) for text, key in left if not any(word in text for word in STAYS)]
        return structured(request, {"option": (odd or left)[0][1], "reason": "mistaken"})

    return choose


def _stays(shown: Mapping[str, str]) -> str:
    return next((key for key, text in shown.items() if any(word in text for word in STAYS)), "none")


def _column(name: str, kind: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401  fields of a contract
    return {"name": name, "logicalType": kind, **more}


def _write(folder: Path, tables: Sequence[dict[str, Any]], files: Mapping[str, Sequence[Sequence[object]]]) -> None:
    head = {"apiVersion": "v3.1.0", "kind": "DataContract", "id": "job", "name": "job", "version": "1.0.0"}
    (folder / "contract.yaml").write_text(json.dumps({**head, "status": "active", "schema": list(tables)}))
    (folder / "input").mkdir()
    for name, rows in files.items():
        with (folder / "input" / name).open("w", newline="") as file:
            csv.writer(file).writerows(rows)


def _table(name: str, *columns: dict[str, Any], quarantine: float = 0.95) -> dict[str, Any]:
    settings = [
        {"property": "millwright.sources", "value": [f"{name}*"]},
        {"property": "millwright.maxQuarantine", "value": quarantine},
    ]
    return {"name": name, "properties": list(columns), "customProperties": settings}


# value_resolution: a region that lost its first word, so that two listed ones fit

_ASKED_FOR = re.compile(r"validate_data (\w+)")  # in a refusal: the tests that come first

_PLACES = Places.drawn(0)


def _places(folder: Path) -> None:
    (folder / "input").mkdir()
    _PLACES.write(folder, folder / "input")


# column_mapping: codes under a name that says nothing, beside remarks


def _codes(folder: Path) -> None:
    chance = random.Random(1)  # noqa: S311  an input, no secret
    letters = "ABCDEFGHKLMNPQRSTUVWXYZ"
    code = [f"{chance.choice(letters)}{chance.choice(letters)}-{number:04}" for number in range(60)]
    other = [f"{chance.choice(letters)}{chance.choice(letters)}-{number:04}" for number in range(60, 120)]
    rows = [(number, code[number], other[number]) for number in range(60)]
    pattern = {"pattern": "^[A-Z]{2}-[0-9]{4}$"}
    table = _table(
        "items",
        _column("item_id", "integer", primaryKey=True, required=True),
        _column("product_code", "string", unique=True, logicalTypeOptions=pattern),
    )
    _write(folder, [table], {"items.csv": [("item_id", "zq1", "zq2"), *rows]})


# value_format: dates that read both ways, of which one order falls among the others


def _dates(folder: Path) -> None:
    """All that tells are dates with the year first; the others but one fall among them with the day first."""
    chance = random.Random(2)  # noqa: S311
    plain = [(number, f"2024-03-{1 + number % 28:02}") for number in range(60)]
    odd = [(number, f"{chance.randrange(1, 13):02}/03/2024") for number in range(100, 130)] + [(130, "05/06/2024")]
    table = _table("days", _column("id", "integer", primaryKey=True, required=True), _column("day", "date"))
    _write(folder, [table], {"days_1.csv": [("id", "day"), *plain], "days_2.csv": [("id", "day"), *odd]})


# failure_response and decomposition: a step that fails again, a table that cannot be made at once


def _orders(folder: Path) -> None:
    listed = [{"metric": "invalidValues", "arguments": {"validValues": ["North", "South"]}, "mustBe": 0}]
    table = _table(
        "orders",
        _column("order_id", "integer", primaryKey=True, required=True),
        _column("region", "string", quality=listed),
        _column("amount", "number"),
    )
    rows = [[(100 * file + n, ("North", "south")[n % 2], f"{n}.5") for n in range(20)] for file in range(3)]
    first, second = ("order_id", "region", "amount"), ("Order Id", "Region", "Amount", "Note")
    _write(
        folder,
        [table],
        {
            "orders_1.csv": [first, *rows[0]],
            "orders_2.csv": [second, *((*row, "") for row in rows[1])],
            "orders_3.csv": [first, *rows[2]],
        },
    )


@contextmanager
def _busy_resolving() -> Iterator[None]:
    """Let resolving fail twice as a file does that somebody else holds."""
    real, left = gather_resolution_evidence, [None, None]

    def busy(*given: Any, **more: Any) -> Any:  # noqa: ANN401  whatever the real one takes
        if left:
            left.pop()
            raise duckdb.IOException("the file is busy")
        return real(*given, **more)

    with patch.object(nodes.steps.resolving, "gather_resolution_evidence", busy):
        yield


@contextmanager
def _short_of_memory() -> Iterator[None]:
    """Let orders never be conformed at once; run by run works."""
    real = nodes.perform._ALONE[StepKind.CONFORM]  # noqa: SLF001  the boundary at which steps are performed

    def short(work: Work) -> Outcome:
        if work.table.name == "orders" and work.step.how == "at_once":
            raise duckdb.OutOfMemoryException("no memory")
        return real(work)

    with patch.dict(nodes.perform._ALONE, {StepKind.CONFORM: short}):  # noqa: SLF001
        yield


# contract_draft: a column that is only described


def _lines(folder: Path) -> None:
    money = {"physicalType": "DECIMAL(10,2)"}
    table = _table(
        "lines",
        _column("line_id", "integer", primaryKey=True, required=True),
        _column("price", "number", **money),
        _column("cost", "number", **money),
        _column("margin", "number", **money, description="The price of a line without its cost"),
    )
    rows = [(number, f"{number}.50", f"{number // 2}.25") for number in range(1, 40)]
    _write(folder, [table], {"lines.csv": [("line_id", "price", "cost"), *rows]})


def _sql(text: str) -> Behaviour:
    return lambda request: structured(request, {"sql": text, "reason": "as described"})


# diagnosis: a file with a delimiter that nobody expects


def _cut(folder: Path) -> None:
    table = _table(
        "sales",
        _column("id", "integer", primaryKey=True, required=True),
        _column("day", "date", required=True),
        _column("amount", "number", required=True),
        quarantine=0.05,
    )
    files = {
        f"sales_{file}.csv": [
            ("id", "day", "amount"),
            *((100 * file + n, f"2024-03-{1 + n % 28:02}", f"{n}.5") for n in range(40)),
        ]
        for file in range(3)
    }
    _write(folder, [table], files)
    odd = folder / "input" / "sales_1.csv"
    odd.write_text(odd.read_text().replace(",", "#"))


def _reasoning(cause: str) -> Behaviour:
    """Test one cause and name it; what has to be tested first, as the refusal says, is tested."""

    def think(request: ChatRequest) -> Act:
        if "no tool" in request.text or not request.tools:
            return calls(("final_result", {"cause": "unknown", "confidence": 0.5, "reason": "nothing to ask with"}))
        answers = [str(each.get("content", "")) for each in request.messages if each.get("role") == "tool"]
        refused = answers[-1] if answers and answers[-1].startswith("failed") else ""
        if "analyse_schema" in refused:
            return calls(("analyse_schema", {"table": "sales"}))
        wanted = _ASKED_FOR.findall(refused)
        if not any('"figures"' in answer for answer in answers):  # its test has not been answered yet
            wanted = [cause]
        if wanted:
            return calls(*(("validate_data", {"table": "sales", "cause": each, "columns": []}) for each in wanted))
        return calls(("final_result", {"cause": cause, "confidence": 0.9, "reason": "by its test"}))

    return think


POINTS: tuple[Point, ...] = (
    Point("value_resolution", _places, _PLACES.right, avoiding(*(f"it is {each}" for each in _PLACES.truth.values()))),
    Point("column_mapping", _codes, choosing("zq1"), avoiding("zq1")),
    Point("value_format", _dates, choosing("day first"), avoiding("day first")),
    Point("failure_response", _orders, choosing("fall_back"), avoiding("fall_back"), inject=_busy_resolving),
    Point("decomposition", _orders, choosing("conform_run_by_run"), avoiding("conform_run_by_run"),
          inject=_short_of_memory, needed=True),
    Point("contract_draft", _lines, _sql("price - cost"), _sql("price + cost"), goal="margins of all lines"),
    Point("diagnosis", _cut, _reasoning("wrong_delimiter"), _reasoning("shifted_columns")),
)  # fmt: skip


def find_point(name: str) -> Point:
    """Return the point of a kind of decision; KeyError when a run asks no model there."""
    return {point.name: point for point in POINTS}[name]
