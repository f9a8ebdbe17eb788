"""Generated folders: the same bytes from the same specification, every line told, drift that changes and keeps."""

import csv
from pathlib import Path

import pytest
from pydantic import ValidationError

from evals.folders.make import make_folder, sequence, truth_of
from evals.folders.spec import Fate, FolderSpec, Mess
from evals.reasoning.domains import DOMAINS

EVERYTHING = dict.fromkeys(Mess, 0.05) | dict.fromkeys((Mess.HEADERS, Mess.DATES, Mess.DIALECT, Mess.COLUMNS), 0.6)


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_line_of_every_file_is_told(domain: str, tmp_path: Path) -> None:
    truth = make_folder(FolderSpec(name="all", seed=3, domain=domain, rows=80, mess=EVERYTHING), tmp_path)
    told = {(row.file, row.line) for row in truth.rows}
    files = list((tmp_path / "input").iterdir())
    lines = {(path.name, at) for path in files for at in range(2, 2 + _data_lines(path))}
    assert told == lines
    assert sum(truth.lines.values()) == len(truth.rows)


def _data_lines(path: Path) -> int:
    content = path.read_bytes()
    return content.decode("utf-16" if content[:2] == b"\xff\xfe" else "latin-1").count("\n") - 1


def test_the_truth_is_the_same_without_writing_and_the_bytes_are_the_same_again(tmp_path: Path) -> None:
    spec = FolderSpec(name="same", seed=4, domain="orders", rows=60, mess=EVERYTHING)
    first, again = make_folder(spec, tmp_path / "a"), make_folder(spec, tmp_path / "b")
    assert truth_of(spec, tmp_path / "a") == first
    assert first.rows == again.rows
    for path in (tmp_path / "a" / "input").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / "input" / path.name).read_bytes()


def test_a_clean_folder_says_what_its_files_say(tmp_path: Path) -> None:
    truth = make_folder(FolderSpec(name="clean", seed=1, domain="stores", rows=30, files=2), tmp_path)
    for name in ("stores_01.csv", "stores_02.csv"):
        with (tmp_path / "input" / name).open(newline="", encoding="utf-8") as handle:
            read = list(csv.DictReader(handle))
        assert read == [row.values for row in truth.rows if row.file == name]
    assert {row.ends for row in truth.rows} == {(Fate.PUBLISHED,)}


def test_every_kind_of_mess_of_rows_is_put_in(tmp_path: Path) -> None:
    truth = make_folder(FolderSpec(name="mess", seed=2, domain="orders", rows=200, mess=EVERYTHING), tmp_path)
    kinds = {kind for row in truth.rows for kind in row.damaged.values()}
    assert kinds == {"blanks", "misspelt", "invalid", "impossible"}
    assert any(not row.values for row in truth.rows)
    assert sum(Fate.MERGED in row.ends for row in truth.rows) == 20 + 2 * 1  # ten of orders, one of customers, twice


def test_sources_drift_some_habits_and_keep_others(tmp_path: Path) -> None:
    mess = {Mess.HEADERS: 1.0}
    spec = FolderSpec(name="drift", seed=9, domain="visits", rows=60, files=6, mess=mess, change=0.4)
    first, second = (make_folder(each, tmp_path / each.name).mapping for each in sequence(spec, 2))
    same = [first[name] == second[name] for name in first]
    assert any(same)
    assert not all(same)


def test_a_fault_has_its_cause_and_lines(tmp_path: Path) -> None:
    truth = make_folder(FolderSpec(name="fault", seed=7, domain="orders", fault="delimiter_lines"), tmp_path)
    (fault,) = truth.faults
    assert fault.cause == "wrong_delimiter"
    assert sum(map(len, fault.lines.values())) >= 5
    assert truth.rows


def test_rows_are_not_told_where_a_fault_moves_them(tmp_path: Path) -> None:
    assert not truth_of(FolderSpec(name="twice", seed=7, domain="orders", fault="loaded_twice"), tmp_path).rows


def test_an_unknown_domain_or_a_fault_beside_mess_is_refused() -> None:
    with pytest.raises(ValidationError, match="no domain"):
        FolderSpec(name="x", seed=1, domain="moon")
    with pytest.raises(ValidationError, match="a fault or mess"):
        FolderSpec(name="x", seed=1, domain="orders", fault="noise", mess={Mess.DATES: 1.0})
