"""Files that were read with the wrong delimiter or encoding: landed again, judged, kept or taken back."""

import gzip
import hashlib
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from state.recovery import RecoveryStatus
from tools.intake import read_intake
from tools.recovery import read_recoveries
from tools.workspace import open_workspace

HEADER = ("order_id", "day", "city", "amount")
CITIES = ("Köln", "München", "Zürich", "Genève", "Orléans", "Nîmes", "Málaga", "Graz", "Linz", "Besançon")
WORDS = "^[A-Za-zÀ-ÖØ-öø-ÿ ]+$"
Row = Sequence[str]


def orders(schema: Any, **more: Any) -> str:
    return schema.contract(
        schema.table(
            "orders",
            schema.column("order_id", "string", primaryKey=True, required=True),
            schema.column("day", "date", required=True),
            schema.column("city", "string", required=True, logicalTypeOptions={"pattern": WORDS}),
            schema.column("amount", "number", required=True),
            settings={"maxQuarantine": 0.05},
            **more,
        )
    )


def made(first: int, rows: int = 60) -> list[Row]:
    chance = random.Random(first)  # noqa: S311  made-up rows
    return [
        (f"A{number}", f"2024-0{1 + number % 9}-1{number % 9}", chance.choice(CITIES), f"{chance.uniform(5, 900):.2f}")
        for number in range(first, first + rows)
    ]


def written(rows: Sequence[Row], delimiter: str = ",") -> str:
    return "".join(delimiter.join(row) + "\n" for row in (HEADER, *rows))


def garbled(text: str) -> bytes:
    """As a program does that takes UTF-8 for cp1252, and writes what it read."""
    return text.encode().decode("cp1252").encode()


DAMAGE = {
    "delimiter": lambda rows: written(rows, "#").encode(),
    "code page": lambda rows: written(rows).encode("cp850"),
    "written twice": lambda rows: garbled(written(rows)),
}


def fill(folder: Path, second: bytes) -> Path:
    folder.mkdir(parents=True)
    (folder / "orders_1.csv").write_text(written(made(100)))
    (folder / "orders_2.csv").write_bytes(second)
    (folder / "orders_3.csv").write_text(written(made(300)))
    return folder


def digest_of(played: Any, table: str = "orders") -> str:
    return hashlib.sha256((played.out / f"{table}.parquet").read_bytes()).hexdigest()


def actions(played: Any) -> list[str]:
    return [each["action"] for each in played.told["replanning"]]


@pytest.mark.parametrize("how", DAMAGE)
def test_a_file_read_wrongly_is_published_as_if_it_had_been_sound(
    play: Any, schema: Any, tmp_path: Path, how: str
) -> None:
    """Without the repair council, which mends one of these kinds before it comes to that."""
    damaged, contract = fill(tmp_path / "damaged", DAMAGE[how](made(200))), orders(schema)
    without = {"council": "off", "quality_planning": "off"}
    off = play(contract, damaged, out=tmp_path / "off", context={"patterns": without})
    assert (off.status, off.published()) == ("not_met", [])
    sound = play(contract, fill(tmp_path / "sound", written(made(200)).encode()), out=tmp_path / "sound_out")
    played = play(contract, damaged, context={"patterns": {"council": "off"}})
    assert played.status == "published", played.problem
    assert actions(played) == ["recover"]
    assert digest_of(played) == digest_of(sound)
    played.assert_balanced()
    assert played.places("orders") == sound.places("orders")


def test_text_that_was_written_twice_is_mended_by_the_repair_council(play: Any, schema: Any, tmp_path: Path) -> None:
    contract, rows = orders(schema), made(200)
    sound = play(contract, fill(tmp_path / "sound", written(rows).encode()), out=tmp_path / "sound_out")
    played = play(contract, fill(tmp_path / "damaged", garbled(written(rows))))
    assert (played.status, actions(played)) == ("published", []), played.problem
    assert digest_of(played) == digest_of(sound)


def test_a_packed_file_is_read_again_from_what_it_held(play: Any, schema: Any, tmp_path: Path) -> None:
    folder = fill(tmp_path / "input", b"")
    (folder / "orders_2.csv").unlink()
    (folder / "orders_2.csv.gz").write_bytes(gzip.compress(DAMAGE["code page"](made(200))))
    played = play(orders(schema), folder)
    assert played.status == "published", played.problem
    assert {row[0] for row in played.rows("orders", "city")} <= set(CITIES)


def test_what_is_made_from_the_table_is_made_again(play: Any, schema: Any, tmp_path: Path) -> None:
    logic = {
        "transformSourceObjects": ["orders"],
        "transformLogic": "select city, count(*) as orders from orders group by city",
    }
    made_by_sql = schema.table(
        "cities",
        schema.column("city", "string", primaryKey=True, required=True),
        schema.column("orders", "integer"),
        settings=logic,
    )
    contract = json.loads(orders(schema))
    contract["schema"].append(made_by_sql)
    played = play(json.dumps(contract), fill(tmp_path / "input", DAMAGE["delimiter"](made(200))))
    assert played.status == "published", played.problem
    assert sum(row[1] for row in played.rows("cities")) == 180
    played.assert_balanced()


def test_an_encoding_that_explains_only_a_part_of_a_file_is_not_used(play: Any, schema: Any, tmp_path: Path) -> None:
    mixed = written(made(200)).encode() + garbled("".join(",".join(row) + "\n" for row in made(260)))
    played = play(orders(schema), fill(tmp_path / "input", mixed))
    assert played.status == "not_met"
    assert actions(played) == ["stop"]


def test_a_new_reading_that_breaks_what_held_is_taken_back(play: Any, schema: Any, tmp_path: Path) -> None:
    """With the third file the table has more rows than the contract allows, which it had not before."""
    contract = orders(schema, quality=[{"metric": "rowCount", "mustBeLessThan": 150}])
    folder = fill(tmp_path / "input", DAMAGE["delimiter"](made(200)))
    before = play(contract, folder, context={"patterns": {"quality_planning": "off"}})
    played = play(contract, folder)
    assert played.status == "not_met"
    assert actions(played) == ["recover", "take_back", "stop"]
    assert "held before" in played.told["replanning"][1]["reason"]
    assert played.tables == before.tables
    assert played.told["problem"] == before.told["problem"]
    assert played.quarantine("orders") == before.quarantine("orders")
    played.assert_balanced()
    runs = tmp_path / "home" / "runs"
    assert read_intake(runs / played.run_id) == read_intake(runs / before.run_id)
    with open_workspace(runs / played.run_id) as connection:
        assert [each.status for each in read_recoveries(connection)] == [RecoveryStatus.TAKEN_BACK]
        left = connection.execute("select count(*) from duckdb_tables() where schema_name = 'past'").fetchall()
        landed = connection.execute("select table_name from duckdb_tables() where schema_name = 'land'").fetchall()
    assert left == [(0,)]
    assert ("v003",) not in landed
