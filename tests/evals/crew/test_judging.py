"""The one scorer: what is right scores one; every planted wrong output lowers a score."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from evals.baselines import pipeline
from evals.crew.answer import ANSWER, CONTRACT, INPUT
from evals.crew.figures import figures
from evals.crew.judging import Verdict, judge
from evals.folders.make import make_folder, truth_of
from evals.folders.spec import FolderSpec, Mess

MESS = {Mess.REPEATS: 0.05, Mess.INVALID: 0.04, Mess.BROKEN: 0.03, Mess.COLUMNS: 0.5}
SPEC = FolderSpec(name="tiny", seed=5, domain="visits", rows=60, files=2, mess=MESS)


@pytest.fixture(scope="module")
def solved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("solved") / "task"
    make_folder(SPEC, out)
    pipeline.deliver(out / CONTRACT, out / INPUT, out)
    return out


@pytest.fixture
def out(solved: Path, tmp_path: Path) -> Path:
    shutil.copytree(solved, tmp_path / "task")
    return tmp_path / "task"


def verdict(out: Path) -> Verdict:
    return judge(truth_of(SPEC, out), out)[0]


def rewrite(path: Path, query: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"create table old as from read_parquet('{path}')")
        connection.execute(f"copy ({query}) to '{path}' (format parquet)")


def tell(out: Path, change: Callable[[dict[str, object]], object]) -> None:
    told = json.loads((out / ANSWER).read_text())
    change(told)
    (out / ANSWER).write_text(json.dumps(told))


def f1(found: Verdict) -> float:
    right, given, wanted = found.cells
    return 2 * right / (given + wanted)


def test_a_right_answer_is_right_in_everything(out: Path) -> None:
    found = verdict(out)
    assert found.met
    assert found.rows[0] == found.rows[1] == 65
    assert found.lost == 0
    assert found.balanced
    assert f1(found) == 1
    assert len(set(found.columns)) == 1


def test_scores_carry_intervals_around_them(out: Path) -> None:
    _, scores = judge(truth_of(SPEC, out), out)
    assert {score.name for score in scores} == {"rows at a right end", "cell F1", "mapping F1"}
    assert all(score.low <= score.value <= score.high for score in scores)


def test_a_wrong_cell_lowers_the_cells(out: Path) -> None:
    rewrite(
        out / "published" / "visits.parquet",
        "select * replace (if(visit_id = (select min(visit_id) from old), 'X', first_name) as first_name) from old",
    )
    found = verdict(out)
    assert found.cells[0] == found.cells[1] - 1
    assert f1(found) < 1


def test_a_row_that_is_dropped_is_lost(out: Path) -> None:
    rewrite(out / "published" / "visits.parquet", "select * from old where visit_id > (select min(visit_id) from old)")
    found = verdict(out)
    assert found.lost >= 1
    assert found.rows[0] < found.rows[1]
    assert not found.balanced


def test_a_row_that_quarantine_forgets_is_lost(out: Path) -> None:
    rewrite(out / "quarantine" / "visits.parquet", "select * from old where _line > (select min(_line) from old)")
    found = verdict(out)
    assert found.lost >= 1
    assert not found.balanced


def test_a_sound_row_set_aside_is_missed(out: Path) -> None:
    truth = truth_of(SPEC, out)
    row = next(row for row in truth.rows if not row.damaged and len(row.ends) == 1 and row.values)
    key = row.values["visit_id"]
    rewrite(out / "published" / "visits.parquet", f"select * from old where visit_id <> '{key}'")
    rewrite(
        out / "quarantine" / "visits.parquet",
        f"select * from old union all select '{row.file}', {row.line}, 'no reason', ''",
    )
    tell(out, lambda told: told["books"]["visits"].update(published=56 - 1, quarantined=5))  # type: ignore[attr-defined]
    found = verdict(out)
    assert found.lost == 0
    assert found.rows[0] == found.rows[1] - 1
    assert found.cells[2] - found.cells[0] == sum(value is not None for value in row.values.values())


def test_a_row_published_twice_breaks_the_contract(out: Path) -> None:
    rewrite(out / "published" / "visits.parquet", "from old union all (from old limit 1)")
    found = verdict(out)
    assert not found.met
    assert found.cells[1] > found.cells[0]


def test_a_row_that_is_published_and_set_aside_is_at_no_right_end(out: Path) -> None:
    truth = truth_of(SPEC, out)
    row = next(row for row in truth.rows if not row.damaged and len(row.ends) == 1 and row.values)
    rewrite(
        out / "quarantine" / "visits.parquet",
        f"select * from old union all select '{row.file}', {row.line}, 'no reason', ''",
    )
    found = verdict(out)
    assert found.rows[0] == found.rows[1] - 1
    assert not found.balanced


def test_a_damaged_row_that_is_published_and_set_aside_is_at_no_right_end_either(out: Path) -> None:
    """Each of both ends would be right for it: it is not at both."""
    truth, before = truth_of(SPEC, out), verdict(out).rows
    row = next(row for row in truth.rows if "invalid" in row.damaged.values())
    key = row.values["visit_id"]
    rewrite(
        out / "published" / "visits.parquet",
        f"from old union all by name (select * replace ('{key}' as visit_id) from old limit 1)",
    )
    with duckdb.connect() as connection:
        aside = connection.execute(f"select _file, _line from '{out / 'quarantine' / 'visits.parquet'}'").fetchall()
    assert (row.file, row.line) in [(Path(file).name, line) for file, line in aside]
    found = verdict(out)
    assert (found.rows, found.lost) == ((before[0] - 1, before[1]), 0)


def test_an_answer_of_which_no_cell_is_known_is_not_called_right(out: Path) -> None:
    unknown = judge(truth_of(SPEC, out).model_copy(update={"rows": ()}), out)[0]
    assert (unknown.met, unknown.known, unknown.clean) == (True, False, False)
    told = {score.name: score for score in figures("x", [unknown.model_copy(update={"fault": True})])}
    assert not {"x: faults mended", "x: faults published as if nothing were"} & set(told)


def test_a_value_that_was_made_up_is_wrong(out: Path) -> None:
    truth = truth_of(SPEC, out)
    row = next(row for row in truth.rows if "invalid" in row.damaged.values())
    (column,) = row.damaged
    made_up = {
        "birth_date": "date '1999-01-01'", "admitted_at": "timestamp '1999-01-01'", "height_cm": "50",
        "weight": "50.0", "ward": "'Nowhere'", "first_name": "'Nobody'", "last_name": "'Nobody'",
    }  # fmt: skip
    value = made_up[column]
    rewrite(
        out / "published" / "visits.parquet",
        f"from old union all by name (select * replace ('{row.values['visit_id']}' as visit_id, {value} as {column}) "
        "from old limit 1)",
    )
    assert verdict(out).cells[0] < verdict(out).cells[1]


def test_a_wrong_column_lowers_the_mapping(out: Path) -> None:
    def swap(told: dict[str, object]) -> None:
        pairs = told["mapping"]["visits_01.csv"]  # type: ignore[index]
        first, second = list(pairs)[:2]
        pairs[first], pairs[second] = pairs[second], pairs[first]

    tell(out, swap)
    right, given, wanted = verdict(out).columns
    assert right == given - 2 == wanted - 2


def test_books_that_do_not_hold_every_line_do_not_balance(out: Path) -> None:
    tell(out, lambda told: told["books"]["visits"].update(read=64, merged=2))  # type: ignore[attr-defined]
    assert not verdict(out).balanced


@pytest.mark.parametrize(("cause", "right"), [("broken_key", True), ("outliers_by_factor", False)])
def test_the_cause_of_a_fault_is_right_or_not(tmp_path: Path, cause: str, *, right: bool) -> None:
    spec = FolderSpec(name="fault", seed=2, domain="visits", rows=60, fault="key_restarted")
    make_folder(spec, tmp_path)
    pipeline.deliver(tmp_path / CONTRACT, tmp_path / INPUT, tmp_path)
    shutil.rmtree(tmp_path / "published", ignore_errors=True)
    tell(tmp_path, lambda told: told.update(causes={"visits": cause}))
    assert judge(truth_of(spec, tmp_path), tmp_path)[0].cause is right


def test_rows_of_a_table_that_nothing_is_known_of_are_not_counted(out: Path) -> None:
    truth = truth_of(SPEC, out)
    others = truth.model_copy(update={"rows": (), "keys": truth.keys})
    assert judge(others, out)[0].cells == (0, 0, 0)
    assert judge(truth, out)[0].cells[1] > 0
