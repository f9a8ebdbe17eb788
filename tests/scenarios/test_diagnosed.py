"""Remedies of diagnoses in whole runs: what is proved is made otherwise, rows are set aside, the rest is asked for."""

import hashlib
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

SMALL = {"maxQuarantine": 0.05}
OFF = {"patterns": {"quality_planning": "off"}}
Rows = list[tuple[Any, ...]]


def fill(folder: Path, table: str, header: Sequence[str], files: Sequence[Rows]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, rows in enumerate(files):
        text = "\n".join(",".join(map(str, row)) for row in (header, *rows))
        (folder / f"{table}_{number}.csv").write_text(text + "\n")
    return folder


def digest_of(played: Any, table: str) -> str:
    return hashlib.sha256((played.out / f"{table}.parquet").read_bytes()).hexdigest()


def told(played: Any) -> list[tuple[str, str]]:
    return [(each["action"], each["reason"]) for each in played.told["replanning"]]


def assert_mended(play: Any, contract: str, tmp_path: Path, table: str, sound: Path, damaged: Path) -> Any:
    """Without recoveries nothing is published; with them what the sound input gives, to the byte."""
    assert play(contract, damaged, out=tmp_path / "off", context=OFF).published() == []
    expected = play(contract, sound, out=tmp_path / "sound_out")
    assert expected.status == "published", expected.problem
    played = play(contract, damaged)
    assert played.status == "published", played.problem
    assert [action for action, _ in told(played)] == ["recover"]
    assert digest_of(played, table) == digest_of(expected, table)
    played.assert_balanced()
    return played


def sales(chance: random.Random, swapped: int) -> list[Rows]:
    made: list[Rows] = []
    for file in range(3):
        rows = [
            (100 * file + n, chance.choice(("Lamp", "Chair", "Desk", "Sofa")), chance.choice(("web", "shop", "phone")))
            for n in range(80)
        ]
        made.append([(key, second, first) for key, first, second in rows] if file == swapped else rows)
    return made


def test_columns_swapped_in_one_file_feed_each_other_there(play: Any, schema: Any, tmp_path: Path) -> None:
    contract = schema.contract(
        schema.table(
            "sales",
            schema.column("id", "integer", primaryKey=True, required=True),
            schema.column("product", "string", required=True),
            schema.column("channel", "string", required=True, **schema.listed("web", "shop", "phone")),
            settings=SMALL,
        )
    )
    header = ("id", "product", "channel")
    sound = fill(tmp_path / "sound", "sales", header, sales(random.Random(1), -1))  # noqa: S311
    damaged = fill(tmp_path / "damaged", "sales", header, sales(random.Random(1), 1))  # noqa: S311
    played = assert_mended(play, contract, tmp_path, "sales", sound, damaged)
    assert "remap product, channel, file 1" in told(played)[0][1]


def shifts(minutes: int, which: int = 0) -> list[Rows]:
    """Times of orders placed in working hours and sent within the day; in one file a clock was `minutes` ahead."""
    chance, made = random.Random(3), []  # noqa: S311  made-up rows
    for file in range(4):
        rows: Rows = []
        for number in range(120):
            placed = datetime(2024, 1, 1 + number % 28, 9) + timedelta(minutes=chance.randrange(480))  # noqa: DTZ001
            sent = placed + timedelta(minutes=chance.randrange(20, 90))
            moved = [placed, sent]
            moved[which] += timedelta(minutes=minutes if file == 2 else 0)
            rows.append((1000 * file + number, *moved))
        made.append(rows)
    return made


def clocks(schema: Any) -> str:
    query = "select count(*) from {object} where sent_at < placed_at"
    return schema.contract(
        schema.table(
            "orders",
            schema.column("id", "integer", primaryKey=True, required=True),
            schema.column("placed_at", "timestamp", required=True),
            schema.column("sent_at", "timestamp", required=True),
            quality=[{"type": "sql", "query": query, "mustBe": 0}],
            settings=SMALL,
        )
    )


def test_a_clock_that_two_witnesses_tell_is_moved_back(play: Any, schema: Any, tmp_path: Path) -> None:
    header = ("id", "placed_at", "sent_at")
    sound, damaged = (fill(tmp_path / name, "orders", header, shifts(by)) for name, by in (("a", 0), ("b", 300)))
    played = assert_mended(play, clocks(schema), tmp_path, "orders", sound, damaged)
    assert "minutes -300" in told(played)[0][1]


def test_a_start_after_its_end_is_not_exchanged_for_that_alone(play: Any, schema: Any, tmp_path: Path) -> None:
    """A clock two hours ahead looks like a start and an end that were exchanged: nothing tells which it was."""
    folder = fill(tmp_path / "input", "orders", ("id", "placed_at", "sent_at"), shifts(120))
    played = play(clocks(schema), folder)
    assert (played.status, played.published()) == ("not_met", [])
    assert [action for action, _ in told(played)] == ["stop"]
    assert "below the bar" in told(played)[0][1]


@pytest.mark.parametrize(
    ("kind", "text", "value", "options"),
    [
        ("number", "keine Angabe", lambda chance: chance.randrange(10, 90), {}),
        ("string", "xxx", lambda chance: f"R-{chance.randrange(100, 999)}", {"pattern": r"^R-\d{3}$"}),
    ],
)
def test_a_text_that_means_nothing_is_read_as_null_where_null_is_allowed(
    play: Any, schema: Any, tmp_path: Path, kind: str, text: str, value: Callable[[Any], Any], options: Any
) -> None:
    def contract(*, required: bool) -> str:
        return schema.contract(
            schema.table(
                "readings",
                schema.column("id", "integer", primaryKey=True, required=True),
                schema.column("level", kind, required=required, logicalTypeOptions=options),
                settings=SMALL,
            )
        )

    def rows(nothing: str) -> list[Rows]:
        chance = random.Random(5)  # noqa: S311
        return [[(number, value(chance) if number % 6 else nothing) for number in range(150)]]

    damaged = fill(tmp_path / "damaged", "readings", ("id", "level"), rows(text))
    sound = fill(tmp_path / "sound", "readings", ("id", "level"), rows(""))
    played = assert_mended(play, contract(required=False), tmp_path, "readings", sound, damaged)
    changes = played.side("changes", "readings", '"column", before, after, operator')
    assert changes[0] == ("level", text, None, "null_token")
    assert play(contract(required=True), damaged).status == "not_met"


def totals() -> list[Rows]:
    chance, rows = random.Random(7), []  # noqa: S311  made-up rows
    for _ in range(8):
        part = [chance.randrange(50, 150) for _ in range(20)]
        rows += [(chance.choice(("North", "South", "East")), amount) for amount in part] + [("Total", sum(part))]
    return [[(number, *row) for number, row in enumerate(rows)]]


def factors() -> list[Rows]:
    chance = random.Random(8)  # noqa: S311
    made = [round(chance.uniform(20, 80), 2) for _ in range(400)]
    return [[(n, "North", amount * 1000 if n % 40 == 7 else amount) for n, amount in enumerate(made)]]


@pytest.mark.parametrize(
    ("rows", "cause", "aside"), [(totals, "mixed_granularity", 8), (factors, "outliers_by_factor", 10)]
)
def test_rows_that_a_diagnosis_names_go_to_quarantine_with_the_reason(
    play: Any, schema: Any, tmp_path: Path, rows: Callable[[], list[Rows]], cause: str, aside: int
) -> None:
    def contract(most: float) -> str:
        query = "select max(amount) / avg(amount) from {object}"
        return schema.contract(
            schema.table(
                "sums",
                schema.column("id", "integer", primaryKey=True, required=True),
                schema.column("region", "string", required=True),
                schema.column("amount", "number", required=True),
                quality=[{"type": "sql", "query": query, "mustBeLessThan": 5}],
                settings={"maxQuarantine": most},
            )
        )

    folder = fill(tmp_path / "input", "sums", ("id", "region", "amount"), rows())
    assert play(contract(0.1), folder, out=tmp_path / "off", context=OFF).published() == []
    played = play(contract(0.1), folder)
    assert played.status == "published", played.problem
    assert played.tables["sums"]["rows_quarantined"] == aside
    assert {rule for _, _, rule in played.quarantine("sums")} == {f"sums.{cause}"}
    assert all("diagnosed" in reason for (reason,) in played.quarantine("sums", "_reason"))
    played.assert_balanced()
    beyond = play(contract(0.01), folder, out=tmp_path / "beyond")
    assert (beyond.status, beyond.published()) == ("not_met", [])


def test_setting_rows_aside_that_breaks_what_held_is_taken_back(play: Any, schema: Any, tmp_path: Path) -> None:
    """The contract asks for as many rows as there are with the totals among them."""
    sums = schema.table(
        "sums",
        schema.column("id", "integer", primaryKey=True, required=True),
        schema.column("region", "string", required=True),
        schema.column("amount", "number", required=True),
        quality=[
            {"type": "sql", "query": "select max(amount) / avg(amount) from {object}", "mustBeLessThan": 5},
            {"metric": "rowCount", "mustBeGreaterOrEqualTo": 168},
        ],
        settings={"maxQuarantine": 0.1},
    )
    folder = fill(tmp_path / "input", "sums", ("id", "region", "amount"), totals())
    before = play(schema.contract(sums), folder, context=OFF)
    played = play(schema.contract(sums), folder)
    assert played.status == "not_met"
    assert [action for action, _ in told(played)] == ["recover", "take_back", "stop"]
    assert "held before" in told(played)[1][1]
    assert played.tables == before.tables
    assert played.quarantine("sums") == []
    played.assert_balanced()


def test_a_file_that_is_cut_off_stops_the_run_whatever_could_be_set_aside(
    play: Any, schema: Any, tmp_path: Path
) -> None:
    contract = schema.contract(
        schema.table(
            "orders",
            schema.column("id", "integer", primaryKey=True, required=True),
            schema.column("name", "string", required=True),
            settings={"maxQuarantine": 0, "relaxedQuarantine": 0.5},
        )
    )
    files = [[(100 * file + number, f"name {number}") for number in range(50)] for file in range(3)]
    folder = fill(tmp_path / "input", "orders", ("id", "name"), files)
    whole = (folder / "orders_1.csv").read_text()
    (folder / "orders_1.csv").write_text(whole[: whole.rindex(",")])
    played = play(contract, folder)
    assert (played.status, played.published()) == ("not_met", [])
    ((action, reason),) = told(played)
    assert (action, "orders_1.csv" in reason, "ask for it again" in reason) == ("stop", True, True)


def test_new_values_of_a_list_are_asked_for(play: Any, schema: Any, tmp_path: Path) -> None:
    contract = schema.contract(
        schema.table(
            "orders",
            schema.column("id", "integer", primaryKey=True, required=True),
            schema.column("channel", "string", required=True, **schema.listed("web", "shop", "phone")),
            settings=SMALL,
        )
    )
    chance = random.Random(9)  # noqa: S311
    rows = [[(n, "kiosk" if n % 5 == 0 else chance.choice(("web", "shop", "phone"))) for n in range(200)]]
    played = play(contract, fill(tmp_path / "input", "orders", ("id", "channel"), rows))
    assert played.status == "not_met"
    ((action, reason),) = told(played)
    assert action == "stop"
    assert "'kiosk'" in reason
    assert "a person says whether the list is to hold the new values" in reason
