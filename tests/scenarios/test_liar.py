"""Runs in which one member of a council lies: the tables are the same to the byte, and the liar is named."""

import hashlib
import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from algorithms.format_questions import Asked, Kind, Reading, Sheet, Vote
from algorithms.format_seats import judge
from evals.mapping.liars import LIES, Lie
from graphs.session import run
from nodes import council_members, format_council
from nodes.council_members import Specialist
from nodes.format_council import FormatSpecialist
from state.formats import FormatEvidence
from state.run import RunContext, RunStatus

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: repairs
name: repairs
version: 1.0.0
status: active
schema:
  - name: repairs
    customProperties:
      - {property: millwright.sources, value: ["repairs*"]}
    properties:
      - {name: repair_id, logicalType: integer, primaryKey: true, required: true}
      - {name: customer_name, logicalType: string, required: true}
      - {name: device_code, logicalType: string, logicalTypeOptions: {pattern: "^D[0-9]{3}$"}}
      - {name: received_date, logicalType: date}
      - {name: returned_date, logicalType: date}
      - {name: labour_cost, logicalType: number, logicalTypeOptions: {minimum: 0}}
      - name: state
        logicalType: string
        quality:
          - metric: invalidValues
            arguments: {validValues: [open, waiting, done]}
            mustBe: 0
"""
HEADER = "RepairNo,cust_nm,dev_cd,recvd_date,rtrnd_date,lab_cost,repair_stat,shelf"
STATES = ("open", "waiting", "done")
SEATED = ("names", "values", "shape", "context")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("liar")
    (folder / "contract.yaml").write_text(textwrap.dedent(CONTRACT))
    lines = [
        f"{100 + n},Person {n % 17},D{n % 40:03d},2024-03-{n % 28 + 1:02d},2024-04-{n % 27 + 1:02d},{n % 9 + 0.5},"
        f"{STATES[n % 3]},{n % 5}"
        for n in range(60)
    ]
    (folder / "repairs.csv").write_text("\n".join([HEADER, *lines]) + "\n")
    return folder


def publish(sources: Path, out: Path) -> tuple[str, dict[str, Any]]:
    """Return the hash of the published table and the record of the mapping."""
    context = RunContext(home=str(out / "home"))
    ended = run(sources / "contract.yaml", [sources / "repairs.csv"], out, run_id="r", context=context)
    assert ended["status"] is RunStatus.PUBLISHED, ended.get("problem")
    record = json.loads((out / "_runs" / "r" / "run.json").read_text())
    (mapping,) = [each for each in record["decisions"] if each["kind"] == "column_mapping"]
    return hashlib.sha256((out / "repairs.parquet").read_bytes()).hexdigest(), mapping


@pytest.fixture(scope="module")
def honest(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, Any]]:
    return publish(sources, tmp_path_factory.mktemp("honest"))


def replace(monkeypatch: pytest.MonkeyPatch, seat: str, lie: Lie, *, deputy: bool = False) -> None:
    liar = Specialist(seat, deputy=deputy, judging=lie)
    monkeypatch.setattr(council_members, "MEMBERS", {**council_members.MEMBERS, liar.card.id: liar})


def test_the_council_maps_what_names_leave_open(honest: tuple[str, dict[str, Any]]) -> None:
    mapping = honest[1]
    assert mapping["decided_by"] == "council"
    assert mapping["method"] == "weighted vote of names, values, shape, context"
    assert {vote["voter"] for vote in mapping["votes"]} == set(SEATED)
    assert "rtrnd_date -> returned_date" in mapping["answer"]


@pytest.mark.parametrize(
    ("seat", "lie"),
    [
        ("names", "inverted"),
        ("names", "once"),
        ("values", "same story"),
        ("values", "once"),
        ("shape", "inverted"),
        ("shape", "one column"),
        ("context", "at random"),
        ("context", "same story"),
    ],
)
def test_each_member_may_lie(
    seat: str,
    lie: str,
    sources: Path,
    honest: tuple[str, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    replace(monkeypatch, seat, LIES[lie])
    table, mapping = publish(sources, tmp_path)
    assert table == honest[0]
    assert mapping["answer"] == honest[1]["answer"]
    assert f"; {seat} is suspected: " in mapping["method"]
    assert f"{seat}:deputy is suspected" not in mapping["method"]


def test_a_lying_deputy_is_named_and_its_member_is_heard(
    sources: Path, honest: tuple[str, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(monkeypatch, "names", LIES["inverted"], deputy=True)
    table, mapping = publish(sources, tmp_path)
    assert table == honest[0]
    assert "; names:deputy is suspected: " in mapping["method"]
    assert "; names is suspected" not in mapping["method"]


def test_a_liar_that_counts_as_it_is_would_change_the_tables(sources: Path, tmp_path: Path) -> None:
    """Without deputies and control questions a planted liar does harm: the defence is what keeps the tables."""
    with pytest.MonkeyPatch.context() as planted:
        for deputy in (False, True):
            replace(planted, "names", LIES["inverted"], deputy=deputy)
        context = RunContext(home=str(tmp_path / "home"))
        run(sources / "contract.yaml", [sources / "repairs.csv"], tmp_path, run_id="r", context=context)
    record = json.loads((tmp_path / "_runs" / "r" / "run.json").read_text())
    (mapping,) = [each for each in record["decisions"] if each["kind"] == "column_mapping"]
    assert "rtrnd_date -> returned_date" not in mapping["answer"]


# The council on formats

PAYMENTS = """
apiVersion: v3.1.0
kind: DataContract
id: payments
name: payments
version: 1.0.0
status: active
schema:
  - name: payments
    properties:
      - {name: payment_id, logicalType: integer, primaryKey: true, required: true}
      - {name: paid_on, logicalType: date, required: true}
      - {name: booked_on, logicalType: date, required: true}
      - {name: amount, logicalType: number, required: true}
      - {name: weight, logicalType: number}
"""


@pytest.fixture(scope="module")
def payments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two files: texts tell the order in one, what stands beside it in the other; another column tells a sign."""
    folder = tmp_path_factory.mktemp("payments")
    (folder / "contract.yaml").write_text(PAYMENTS)
    header = "payment_id,paid_on,booked_on,amount,weight"
    first = [f'{n},{n % 28 + 1:02d}/03/2024,{n % 9 + 1:02d}/04/2024,"{n % 9 + 1},500","{n},25"' for n in range(40)]
    second = [f'{n},0{n % 9 + 1}/05/2024,{n % 28 + 1:02d}/06/2024,"{n % 9 + 1},250","{n},75"' for n in range(40, 80)]
    for name, lines in (("payments_1.csv", first), ("payments_2.csv", second)):
        (folder / name).write_text("\n".join([header, *lines]) + "\n")
    return folder


def paid(payments: Path, out: Path) -> tuple[str, list[dict[str, Any]]]:
    """Return the hash of the published table and the records of its formats."""
    files = sorted(payments.glob("*.csv"))
    ended = run(payments / "contract.yaml", files, out, run_id="r", context=RunContext(home=str(out / "home")))
    assert ended["status"] is RunStatus.PUBLISHED, ended.get("problem")
    record = json.loads((out / "_runs" / "r" / "run.json").read_text())
    formats = [each for each in record["decisions"] if each["kind"] == "value_format"]
    return hashlib.sha256((out / "payments.parquet").read_bytes()).hexdigest(), formats


@pytest.fixture(scope="module")
def read_honestly(payments: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[dict[str, Any]]]:
    return paid(payments, tmp_path_factory.mktemp("read_honestly"))


def opposite(seat: str, evidence: FormatEvidence) -> Sheet:
    """Say the opposite of what it sees, and call it certain."""
    other = {"day_first": "month_first", "month_first": "day_first", ",": ".", ".": ","}
    honest = judge(seat, evidence)
    return {asked: Vote(other.get(vote.choice or "", "day_first"), Kind.STATED) for asked, vote in honest.items()}


def same_story(_: str, evidence: FormatEvidence) -> Sheet:
    """Keep to one wrong story: the month first, and points."""
    files = {*evidence.ambiguous, *evidence.day_first_only, *evidence.month_first_only}
    told: dict[Asked, Vote] = {Asked(Reading.ORDER, one): Vote("month_first", Kind.STATED) for one in files}
    return told | {Asked(Reading.DECIMAL): Vote(".", Kind.STATED)} if evidence.decimal_comma else told


def failing(_: str, __: FormatEvidence) -> Sheet:
    raise ValueError("out of order")


STORIES: dict[str, Callable[[str, FormatEvidence], Sheet]] = {
    "opposite": opposite,
    "same story": same_story,
    "failing": failing,
}


def lying(monkeypatch: pytest.MonkeyPatch, seat: str, places: range, story: str) -> None:
    liars = [FormatSpecialist(seat, place, judging=STORIES[story]) for place in places]
    crew = {**format_council.MEMBERS, **{liar.card.id: liar for liar in liars}}
    monkeypatch.setattr(format_council, "MEMBERS", crew)


def test_the_council_reads_what_texts_leave_open(read_honestly: tuple[str, list[dict[str, Any]]]) -> None:
    told = {each["subject"].partition(".")[2]: each for each in read_honestly[1]}
    assert "dates day first" in told["paid_on"]["answer"]
    assert "decimal sign ','" in told["amount"]["answer"]
    assert told["paid_on"]["decided_by"] == "council"
    said = {(vote["voter"], vote["choice"]) for vote in told["paid_on"]["votes"]}
    assert {("shape", "day_first"), ("context", "day_first")} <= said


@pytest.mark.parametrize(
    ("seat", "story"),
    [
        ("contract", "same story"),
        ("shape", "opposite"),
        ("context", "opposite"),
        ("history", "same story"),
        ("shape", "failing"),
    ],
)
def test_each_member_of_the_council_on_formats_may_lie(
    seat: str,
    story: str,
    payments: Path,
    read_honestly: tuple[str, list[dict[str, Any]]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lying(monkeypatch, seat, range(1), story)
    table, formats = paid(payments, tmp_path)
    assert table == read_honestly[0]
    assert [each["answer"] for each in formats] == [each["answer"] for each in read_honestly[1]]
    named = [each["method"] for each in formats if "is suspected" in each["method"]]
    assert named
    assert all(f"{seat} is suspected: " in method for method in named)


def test_two_liars_in_one_seat_would_change_what_is_read(
    payments: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three hold a seat, and it bears one: the defence is what keeps the tables."""
    lying(monkeypatch, "shape", range(2), "opposite")
    context = RunContext(home=str(tmp_path / "home"))
    ended = run(
        payments / "contract.yaml", sorted(payments.glob("*.csv")), tmp_path, run_id="r", context=context
    )  # the check of the answer finds what its values contradict, and the run stops
    assert ended["status"] is not RunStatus.PUBLISHED
