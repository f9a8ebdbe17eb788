"""Self-critique: a result that meets its contract is made better where evidence speaks for it, and only then."""

from pathlib import Path
from typing import Any

import pytest

import nodes.quality
from algorithms.recovery_judging import Judgement

LARGE = {"maxQuarantine": 0.6}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "input"
    made.mkdir()
    return made


def days(schema: Any, **settings: float) -> str:
    return schema.contract(
        schema.table(
            "orders",
            schema.column("order_id", "integer", primaryKey=True, required=True),
            schema.column("ordered", "date", required=True),
            schema.column("shipped", "date"),
            settings=LARGE | settings,
        )
    )


def write_days(folder: Path) -> None:
    """Three files; in the second only `shipped` tells the day first, and the others speak against it in `ordered`."""
    first = [f"{n},0{n % 9 + 1}/{n % 15 + 13}/2024,0{n % 9 + 1}/{n % 15 + 13}/2024" for n in range(40)]
    second = [f"{n},0{n % 7 + 3}/0{n % 5 + 2}/2024,{n % 15 + 13}/0{n % 9 + 1}/2024" for n in range(100, 130)]
    third = [f"{n},0{n % 9 + 1}/{n % 15 + 13}/2024,0{n % 9 + 1}/{n % 15 + 13}/2024" for n in range(200, 230)]
    for name, rows in (("a", first), ("b", second), ("c", third)):
        (folder / f"orders_{name}.csv").write_text("\n".join(["order_id,ordered,shipped", *rows]) + "\n")


def test_a_result_below_its_bar_is_made_better_before_it_is_published(play: Any, schema: Any, folder: Path) -> None:
    write_days(folder)
    played = play(days(schema, qualityBar=0.1), folder)
    assert played.status == "published", played.problem
    assert played.tables["orders"]["rows_published"] == 100
    (critique,) = played.told["critiques"]
    assert (critique["rows_quarantined"], critique["rows_read"], critique["recovery"]) == (26, 100, 1)
    assert "26 of them in orders_b.csv" in critique["findings"][0]
    (ruling,) = played.told["replanning"]
    assert ruling["trigger"] == "critique: orders is below its quality bar"
    played.assert_balanced()


@pytest.mark.parametrize("settings", [{"qualityBar": 0.3}, {}])
def test_a_result_at_its_bar_is_published_as_it_is(
    play: Any, schema: Any, folder: Path, settings: dict[str, float]
) -> None:
    write_days(folder)
    played = play(days(schema, **settings), folder)
    assert played.status == "published"
    assert played.tables["orders"]["rows_published"] == 74
    assert played.told["critiques"] == []


def test_switched_off_nothing_is_criticised(play: Any, schema: Any, folder: Path) -> None:
    write_days(folder)
    played = play(days(schema, qualityBar=0.1), folder, context={"patterns": {"self_critique": "off"}})
    assert played.status == "published"
    assert played.tables["orders"]["rows_published"] == 74


def test_where_nothing_better_is_found_the_result_is_published_and_that_is_told(
    play: Any, schema: Any, folder: Path
) -> None:
    late = [f"{n},soon,2024-01-0{n % 9 + 1}" for n in range(20)]
    rows = late + [f"{n},2024-02-1{n % 9},2024-02-19" for n in range(20, 60)]
    (folder / "orders.csv").write_text("\n".join(["order_id,ordered,shipped", *rows]) + "\n")
    played = play(days(schema, qualityBar=0.05), folder)
    assert played.status == "published"
    (critique,) = played.told["critiques"]
    assert critique["recovery"] is None
    assert critique["answer"].startswith("nothing better was found")
    assert played.told["replans"] == 0


def test_an_improvement_that_does_not_help_is_taken_back_and_not_tried_again(
    play: Any, schema: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_days(folder)
    monkeypatch.setattr(nodes.quality, "judge_recovery", lambda *_: Judgement(kept=False, why="planted"))
    played = play(days(schema, qualityBar=0.1), folder)
    assert played.status == "published"
    assert played.tables["orders"]["rows_published"] == 74
    actions = [each["action"] for each in played.told["replanning"]]
    assert actions == ["recover", "take_back"] * (len(actions) // 2)
    assert len(played.told["critiques"]) <= 4
    assert played.told["critiques"][-1]["recovery"] is None
    played.assert_balanced()
