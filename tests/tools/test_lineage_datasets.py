"""Names in lineage: of files, of files within files, of jobs and runs."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from state.run import RunContext, RunRequest
from state.sources import Dialect, Reading, SourceFile
from tools.lineage.datasets import file_path
from tools.lineage.events import job_of, run_uuid
from tools.records import CONTRACT_COPY, RunRecord


def source(path: str, name: str) -> SourceFile:
    return SourceFile(
        file_id=0,
        path=path,
        name=name,
        sha256="0" * 64,
        size=1,
        text_path=path,
        dialect=Dialect(delimiter=","),
        reading=Reading.FAST,
        header=("a",),
        header_lines=1,
        lines=1,
        blank_lines=0,
        longest_line=1,
    )


@pytest.mark.parametrize(
    ("path", "name", "expected"),
    [
        ("/in/orders.csv", "orders.csv", "/in/orders.csv"),
        ("/in/sub/orders.csv", "sub/orders.csv", "/in/sub/orders.csv"),
        ("/in/a.zip", "a.zip/inner/b.csv", "/in/a.zip/inner/b.csv"),
        ("/in/sub/a.zip", "sub/a.zip/a.zip", "/in/sub/a.zip/a.zip"),
        ("/in/book.xlsx", "book.xlsx#Sheet 1", "/in/book.xlsx#Sheet 1"),
        ("/in/a.csv.gz", "a.csv.gz", "/in/a.csv.gz"),
        ("/in/a.csv", "a.csv2", "/in/a.csv"),
    ],
)
def test_a_file_is_named_by_its_path_and_the_way_inside(path: str, name: str, expected: str) -> None:
    assert file_path(source(path, name)) == expected


def record(home: Path, run_id: str = "r1", second: int = 0) -> RunRecord:
    return RunRecord(
        run_id=run_id,
        created_at=datetime(2024, 5, 6, 7, 8, second, tzinfo=UTC),
        request=RunRequest(contract="/c/shop.odcs.yaml", sources=("/in",), out="/out", run_id=run_id),
        context=RunContext(home=str(home)),
    )


def test_the_id_of_a_run_follows_from_the_run_and_is_ordered_by_time(tmp_path: Path) -> None:
    first = run_uuid(record(tmp_path))
    assert first == run_uuid(record(tmp_path))
    assert UUID(first).version == 7
    others = [
        run_uuid(record(tmp_path), "verify"),
        run_uuid(record(tmp_path, "r2")),
        run_uuid(record(tmp_path / "elsewhere")),
        run_uuid(record(tmp_path, second=1)),
    ]
    assert len({first, *others}) == 5
    assert max(first, *others) == others[-1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("id: shop-7\n", "shop-7"), ("id: 7\n", "7"), ("name: x\n", "shop"), ("- 1\n", "shop"), ("a: [\n", "shop")],
)
def test_the_job_is_the_contract_by_its_id_or_its_file(tmp_path: Path, text: str, expected: str) -> None:
    one = record(tmp_path)
    path = one.context.run_folder(one.run_id) / CONTRACT_COPY
    path.parent.mkdir(parents=True)
    path.write_text(text)
    assert (job_of(one, "n").namespace, job_of(one, "n").name) == ("n", expected)
    path.unlink()
    assert job_of(one, "n").name == "shop"
