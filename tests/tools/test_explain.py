"""Explanations agree with what the run published, changed, merged and set aside: cell by cell, line by line."""

import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import pytest

import tools.provenance
from graphs.session import run
from state.errors import RunError, SetupError
from state.explanation import Explanation, Passage, Section
from state.run import RunContext
from tools.explain.material import Material, open_material
from tools.explain.subject import Subject, explain

TABLES = ("customers", "orders")


@pytest.fixture(scope="module")
def material(finished: Any) -> Iterator[Material]:
    with open_material(finished.out / "_runs" / "r1", finished.home / "runs" / "r1") as opened:
        yield opened


@pytest.fixture
def bare(finished: Any) -> Iterator[Material]:
    """The same run without its workspace."""
    with open_material(finished.out / "_runs" / "r1", None) as opened:
        yield opened


def published(finished: Any, table: str) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        cursor = connection.execute(f"select columns(*)::varchar from '{finished.out / table}.parquet'")
        names = [entry[0] for entry in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def side(finished: Any, kind: str, table: str) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        cursor = connection.execute(f"select * from '{finished.out}/_runs/r1/{kind}/{table}.parquet'")
        names = [entry[0] for entry in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def section(told: Explanation, key: str) -> Section:
    return next(each for each in told.sections if each.key == key)


def changes(told: Explanation, key: str = "cell") -> list[Passage]:
    return [passage for passage in section(told, key).passages if passage.changed]


def cells(told: Explanation) -> dict[str, tuple[str, ...]]:
    return {row[0]: row[1:] for grid in section(told, "cells").grids for row in grid.rows}


def lines(finished: Any, name: str) -> list[str]:
    return str((finished.sources / name).read_text()).splitlines()


def check_rows(material: Material, finished: Any) -> int:
    """Hold every published row against its explanation: the values, and the texts on the line it names."""
    checked = 0
    for table in TABLES:
        for number, values in enumerate(published(finished, table), 1):
            told = explain(material, Subject(table=table, row=number))
            assert told.verdict.startswith(f"Published as row {number} of {table}")
            row = tools.provenance.row_at(material.engine, material.table(table), number)
            origin = tools.provenance.origin_of(material.engine, row or 0)
            assert origin is not None
            assert f"{origin.file} line {origin.line}" in told.verdict
            line = lines(finished, origin.file)[origin.line - 1]
            for name, (_, text, value, _) in cells(told).items():
                assert text in line, (table, number, name)
                if not name.startswith("("):
                    assert value == (values[name] or "")
                    checked += 1
    return checked


def test_every_published_row_is_explained_from_its_line(material: Material, finished: Any) -> None:
    assert check_rows(material, finished) == 3 * 3 + 3 * 5  # rows and columns of both tables


def test_another_order_than_the_published_one_is_found_out(
    material: Material, finished: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def by_row(connection: Any, table: Any) -> str:
        return f'select row_number() over (order by _row desc) as number, _row from live."{table.name}"'

    monkeypatch.setattr(tools.provenance, "numbered_rows", by_row)
    with pytest.raises(AssertionError):
        check_rows(material, finished)


def test_every_changed_cell_is_explained_as_the_change_log_has_it(material: Material, finished: Any) -> None:
    checked = 0
    for table in TABLES:
        for change in side(finished, "changes", table):
            told = explain(material, Subject(table=table, key=change["row_id"], column=change["column"]))
            steps = changes(told)
            assert (steps[0].before, steps[-1].after) == (change["before"], change["after"])
            assert steps[-1].title.split(": ")[0] == change["operator"]
            assert f"{change['file']} line {change['line']}" in told.verdict
            if change["evidence"]:
                shown = {each.decision_id: each for each in section(told, "decisions").judgements}
                assert change["evidence"] in shown
                assert bool(change["votes"]) == bool(shown[change["evidence"]].votes)
            checked += 1
    assert checked == sum(entry["cells_changed"] for entry in material.run["tables"].values()) > 5


def test_a_cell_that_was_not_changed_says_so(material: Material) -> None:
    told = explain(material, Subject(table="customers", key="customer_id=1", column="country"))
    assert changes(told) == []
    assert any(passage.text == "It was not changed." for passage in section(told, "cell").passages)


def test_a_text_that_was_cleaned_and_then_resolved_tells_both(play_material: Any) -> None:
    material = play_material('customer_id,name,country\n1,Ann,"  UK "\n2,Bob,UK\n')
    told = explain(material, Subject(table="customers", row=1, column="country"))
    assert [(step.before, step.after) for step in changes(told)] == [("  UK ", "UK"), ("UK", "United Kingdom")]
    assert [step.title.split(":")[0] for step in changes(told)] == ["trim", "resolve"]


@pytest.fixture
def play_material(tmp_path: Path, job: Any) -> Iterator[Any]:
    """A way to run the job with other customers, and open what it left."""
    with ExitStack() as stack:

        def go(customers: str, **files: str) -> Material:
            (job.sources / "customers.csv").write_bytes(customers.encode())
            run(job.contract, [str(job.sources)], job.out, run_id="p", context=RunContext(home=str(job.home)))
            return stack.enter_context(open_material(job.out / "_runs" / "p", job.home / "runs" / "p"))

        yield go


def test_every_quarantined_line_is_explained_with_its_reason(material: Material, finished: Any) -> None:
    checked = 0
    for table in TABLES:
        for number, row in enumerate(side(finished, "quarantine", table), 1):
            by_line = explain(material, Subject(file=row["_file"], line=row["_line"]))
            by_number = explain(material, Subject(table=table, quarantined=number))
            for told in (by_line, by_number):
                assert told.verdict.startswith("Quarantined")
                assert all(reason in told.verdict for reason in row["_reason"].split("; "))
            checked += 1
    assert checked == sum(entry["rows_quarantined"] for entry in material.run["tables"].values())


def test_side_tables_in_parts_are_read_like_one_file(finished: Any, tmp_path: Path) -> None:
    folder = tmp_path / "r1"
    shutil.copytree(finished.out / "_runs" / "r1", folder)
    for table in TABLES:
        whole, aside = folder / "changes" / f"{table}.parquet", folder / "part-0000.parquet"
        whole.rename(aside)
        whole.mkdir()
        aside.rename(whole / aside.name)
    with open_material(folder, None) as opened:
        for table in TABLES:
            listed = side(finished, "changes", table)
            assert opened.rows(f"select count(*) from {opened.side('changes', table)}") == [(len(listed),)]


def test_every_merged_line_names_the_row_it_became(material: Material, finished: Any) -> None:
    merged = [row for table in TABLES for row in side(finished, "merged", table)]
    assert merged
    for row in merged:
        told = explain(material, Subject(file=row["file"], line=row["line"]))
        assert told.verdict.startswith("Merged")
        assert f"{row['kept_file']} line {row['kept_line']}" in told.verdict
        kept = explain(material, Subject(file=row["kept_file"], line=row["kept_line"]))
        last = section(kept, "history").passages[-2]
        assert (last.title, last.text) == ("1 duplicate merged into it", f"{row['file']} line {row['line']}")


def test_the_fates_of_all_lines_are_the_books(material: Material, finished: Any) -> None:
    fates: Counter[str] = Counter()
    for path in sorted(finished.sources.iterdir()):
        for line in range(1, len(lines(finished, path.name)) + 1):
            fates[explain(material, Subject(file=path.name, line=line)).verdict.split()[0]] += 1
    booked = material.run["tables"]
    assert fates["Published"] == sum(booked[table]["rows_published"] for table in TABLES)
    assert fates["Quarantined:"] == sum(booked[table]["rows_quarantined"] for table in TABLES)
    assert fates["Merged"] == sum(booked[table]["rows_merged"] for table in TABLES)
    assert sum(fates.values()) == material.run["sources"]["lines"]
    assert fates["It"] == 3  # "It is part of the header."


def test_a_line_within_a_record_is_told_with_the_record(play_material: Any) -> None:
    material = play_material('customer_id,name,country\n1,"Ann\nof two\nlines",Germany\n\n2,Bob,UK\n3,Eve,UK\n')
    for line in (2, 3, 4):
        told = explain(material, Subject(file="customers.csv", line=line))
        assert "Published as row 1" in told.verdict
        assert ("begins in line 2" in told.verdict) is (line > 2)
    assert "blank" in explain(material, Subject(file="customers.csv", line=5)).verdict


def test_a_derived_row_is_traced_to_the_rows_its_sql_read(material: Material, finished: Any) -> None:
    rows = published(finished, "totals")
    assert rows
    for number, row in enumerate(rows, 1):
        grid = section(explain(material, Subject(table="totals", row=number)), "inputs").grids[0]
        assert len(grid.rows) == int(row["orders"])
        for order, customer in grid.rows:
            file, line = order.split(" line ")
            told = explain(material, Subject(file=file, line=int(line)))
            assert told.verdict.startswith("Published")
            file, line = customer.split(" line ")
            cell = cells(explain(material, Subject(file=file, line=int(line))))["country"]
            assert cell[2] == row["country"]


def test_the_story_of_a_run_says_what_to_mend_and_where(material: Material) -> None:
    told = explain(material, Subject())
    points = {point.title: point.text for point in section(told, "next").points}
    title = next(title for title in points if "customers.country" in title)
    assert "'Atlantis', not in the list" in title
    assert "customers.csv line 5" in points[title]
    drift = next(text for title, text in points.items() if "not in the contract: Channel" in title)
    assert "orders_2.csv" in drift


def test_a_column_is_told_for_every_header(material: Material) -> None:
    told = explain(material, Subject(table="orders", column="order_date"))
    mapping = section(told, "mapping").grids[0]
    assert {row[2] for row in mapping.rows} == {"order_date", "Order Date"}
    orders = {row[0]: row[1] for row in section(told, "format").grids[0].rows}
    assert "orders_2.csv" in orders["day first"]


@pytest.mark.parametrize(
    ("subject", "says"),
    [
        (Subject(table="nothing"), "its tables: customers, orders, totals"),
        (Subject(table="orders", row=4), "there is no row 4"),
        (Subject(table="orders", row=0), "there is no row 0"),
        (Subject(table="orders", row=1, column="nothing"), "no column 'nothing'"),
        (Subject(table="orders", column="nothing"), "no column 'nothing'"),
        (Subject(table="orders", key="order_id=999"), "no row to publish"),
        (Subject(table="orders", key="customer_id=1, order_id=x"), "no row to publish"),
        (Subject(table="orders", key="nothing=1"), "names no column"),
        (Subject(table="customers", key="name=Ann, row=1"), "no row to publish"),
        (Subject(table="orders", quarantined=99), "there is no row 99 in the quarantine"),
        (Subject(file="nothing.csv", line=1), "read no file"),
        (Subject(file="orders_1.csv", line=99), "there is no line 99"),
    ],
)
def test_what_does_not_exist_is_said_in_one_line(material: Material, subject: Subject, says: str) -> None:
    with pytest.raises(RunError, match=says) as raised:
        explain(material, subject)
    assert "\n" not in raised.value.line()


@pytest.mark.parametrize(
    "subject",
    [
        Subject(row=1),
        Subject(file="orders_1.csv"),
        Subject(line=3),
        Subject(table="orders", row=1, key="order_id=1"),
        Subject(table="orders", quarantined=1, column="amount"),
        Subject(table="orders", file="orders_1.csv", line=1),
    ],
)
def test_half_a_subject_or_two_are_refused(material: Material, subject: Subject) -> None:
    with pytest.raises(SetupError):
        explain(material, subject)


def test_a_key_that_several_rows_have_is_refused_with_their_numbers(material: Material) -> None:
    with pytest.raises(RunError, match="several rows of totals"):
        explain(material, Subject(table="totals", key="orders=1"))


def test_without_the_workspace_the_side_tables_still_tell(bare: Material, finished: Any) -> None:
    for table in TABLES:
        for change in side(finished, "changes", table):
            told = explain(bare, Subject(table=table, key=change["row_id"], column=change["column"]))
            step = changes(told, "history")[0]
            assert (step.before, step.after) == (change["before"], change["after"])
            assert f"{change['file']} line {change['line']}" in told.verdict
            assert told.untold
        for number, row in enumerate(side(finished, "quarantine", table), 1):
            for subject in (Subject(table=table, quarantined=number), Subject(file=row["_file"], line=row["_line"])):
                assert row["_reason"] in explain(bare, subject).verdict
    assert "no side table" in explain(bare, Subject(file="customers.csv", line=1)).verdict
    with pytest.raises(RunError, match="read no file"):
        explain(bare, Subject(file="nothing.csv", line=1))


def test_without_the_workspace_a_table_replaced_since_is_not_taken_for_the_runs_own(
    finished: Any, tmp_path: Path
) -> None:
    shutil.copytree(finished.out, tmp_path / "out")
    with open_material(tmp_path / "out" / "_runs" / "r1", None) as opened:
        opened.run["out"] = str(tmp_path / "out")
        assert explain(opened, Subject(table="customers", row=1)).title == "Row 1 of customers"
        shutil.copy(tmp_path / "out" / "orders.parquet", tmp_path / "out" / "customers.parquet")
        with pytest.raises(RunError, match="not the one this run wrote"):
            explain(opened, Subject(table="customers", row=1))


def test_rows_of_a_contract_that_is_not_met_are_the_staged_ones(job: Any) -> None:
    job.contract.write_text(job.contract.read_text().replace("value: 0.5", "value: 0.0"))
    run(job.contract, [str(job.sources)], job.out, run_id="n", context=RunContext(home=str(job.home)))
    with open_material(job.out / "_runs" / "n", job.home / "runs" / "n") as opened:
        told = explain(opened, Subject(table="customers", row=1))
        assert "row 1 of the staged rows" in told.verdict
        assert "Not published" in told.verdict
        story = explain(opened, Subject())
        assert "Not published" in story.verdict
        assert any("maxQuarantine" in point.title for point in section(story, "reasons").points)
        with pytest.raises(RunError, match="nothing of it was published"):
            explain(opened, Subject(table="customers", row=99))


def test_a_run_whose_sql_failed_says_which_step_and_what_was_not_staged(job: Any) -> None:
    text = job.contract.read_text().replace("count(*) as orders", "sum(cast(c.country as bigint)) as orders")
    job.contract.write_text(text)
    run(job.contract, [str(job.sources)], job.out, run_id="f", context=RunContext(home=str(job.home)))
    with open_material(job.out / "_runs" / "f", job.home / "runs" / "f") as opened:
        story = explain(opened, Subject())
        assert story.verdict.startswith("Stopped")
        assert "derive:totals" in section(story, "failures").passages[0].title
        with pytest.raises(RunError, match="no row of totals was staged"):
            explain(opened, Subject(table="totals", row=1))
        assert "staged rows" in explain(opened, Subject(table="customers", row=1)).verdict
