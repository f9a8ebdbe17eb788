"""All ways to deliver the same files publish the same bytes, and the books balance under each."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from algorithms.delivery_ways import BY_TASK
from evals.plan_choice_data import write_folder
from graphs.session import run
from state.plans import Plan, StepKind
from state.run import Approve, RunContext

FULL = {
    "unify": "by_values",
    "read": "counting_all",
    "resolve": "by_votes",
    "merge": "by_key",
    "validate": "setting_aside",
}
CLEAN = "id,v,day,price\n1,a,2024-01-01,1.50\n2,b,2024-02-01,-3.00\n3,a,,0.25\n"


def sha256(played: Any) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(played.out.glob("*.parquet"))}


def steps(played: Any, table: str) -> list[str]:
    return [step["kind"] for step in played.told["plan"]["steps"] if step["table"] == table]


def chosen(played: Any, table: str) -> dict[str, str]:
    return {
        choice["task"].partition("(")[0]: choice["method"]
        for choice in played.told["plan"]["choices"]
        if choice["task"].endswith(f"({table})")
    }


def deliver(play: Any, tmp_path: Path, name: str, prefer: dict[str, str], *given: Any) -> Any:
    played = play(*given, out=tmp_path / name, run_id=name, context={"patterns": {"prefer": prefer}})
    played.assert_balanced()
    return played


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 6, 8])
def test_folders_of_any_mess_come_out_the_same_by_proofs_and_by_evidence(play: Any, tmp_path: Path, seed: int) -> None:
    folder = write_folder(tmp_path / "data", seed, 400)
    given = (Path(folder.contract), folder.sources)
    own = deliver(play, tmp_path, "own", {}, *given)
    full = deliver(play, tmp_path, "full", FULL, *given)
    assert own.status == full.status == "published"
    assert sha256(own) == sha256(full) != {}
    assert own.tables == full.tables
    # The council is left out by the ways that are preferred here.
    own_steps = sum(step["kind"] != "repair" for step in own.told["plan"]["steps"])
    assert own_steps < len(full.told["plan"]["steps"])


def test_each_way_by_itself_gives_the_same_bytes(play: Any, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "data", 2, 300)
    given = (Path(folder.contract), folder.sources)
    own = deliver(play, tmp_path, "own", {}, *given)
    for task, ways in BY_TASK.items():
        for way in ways:
            if way.actions and way.name != chosen(own, "orders")[task]:
                other = deliver(play, tmp_path, f"{task}-{way.name}", {task: way.name}, *given)
                assert sha256(other) == sha256(own), (task, way.name)


def contract(schema: Any, **settings: Any) -> str:
    return schema.contract(
        schema.table(
            "t",
            schema.column("id", "integer", primaryKey=True),
            schema.column("v", **schema.listed("a", "b")),
            schema.column("day", "date"),
            schema.column("price", "number", physicalType="DECIMAL(9,2)", logicalTypeOptions={"maximum": 100}),
            settings=settings,
        )
    )


def test_a_table_that_is_proved_sound_is_only_mapped_read_and_conformed(play: Any, tmp_path: Path, schema: Any) -> None:
    (tmp_path / "t.csv").write_text(CLEAN)
    played = play(contract(schema), tmp_path / "t.csv")
    assert (played.status, steps(played, "t")) == ("published", ["map", "format", "conform"])
    assert played.rows("t", "id, v, day::varchar, price::varchar") == [
        (1, "a", "2024-01-01", "1.50"),
        (2, "b", "2024-02-01", "-3.00"),
        (3, "a", None, "0.25"),
    ]


@pytest.mark.parametrize(
    ("line", "back"),
    [
        ("4,A,2024-03-01,1.00", {"resolve"}),  # outside its list
        ("1,a,2024-03-01,1.00", {"dedupe"}),  # a key that is there
        (",a,2024-03-01,1.00", {"dedupe", "quarantine"}),  # no key
        ("4,a,2024-03-01,101.00", {"quarantine"}),  # breaks a rule
        ("04,a,2024-03-01,1.00", {"dedupe", "quarantine"}),  # a key that is not canonical
        ("4,a,1.3.2024,1.00", {"quarantine"}),  # a text that is not canonical
        ("4, a,2024-03-01,1.00", {"quarantine"}),
    ],
)
def test_one_row_is_enough_for_a_step_to_be_done(
    play: Any, tmp_path: Path, schema: Any, line: str, back: set[str]
) -> None:
    (tmp_path / "t.csv").write_text(CLEAN + line + "\n")
    own = deliver(play, tmp_path, "own", {}, contract(schema, keep="first"), tmp_path / "t.csv")
    full = deliver(play, tmp_path, "full", FULL, contract(schema, keep="first"), tmp_path / "t.csv")
    assert set(steps(own, "t")) >= {"map", "format", "conform"} | back
    assert (sha256(own), own.tables) == (sha256(full), full.tables)


def test_a_reference_is_proved_only_where_the_other_table_stays_whole(play: Any, tmp_path: Path, schema: Any) -> None:
    def pair(key: str) -> Path:
        folder = tmp_path / f"in{len(key)}"
        folder.mkdir()
        (folder / "people.csv").write_text(f"name,age\nAnn,3\n{key},4\n")
        (folder / "visits.csv").write_text("nr,who\n1,Ann\n2,Bob\n")
        return folder

    text = schema.contract(
        schema.table("people", schema.column("name", primaryKey=True), schema.column("age", "integer")),
        schema.table(
            "visits",
            schema.column("nr", "integer", primaryKey=True),
            schema.column("who", relationships=[{"to": "people.name"}]),
        ),
    )
    whole = deliver(play, tmp_path, "whole", {}, text, pair("Bob"))
    assert steps(whole, "visits") == ["map", "format", "conform"]
    broken = deliver(play, tmp_path, "broken", {}, text, pair("Bobby"))
    assert steps(broken, "visits") == ["map", "format", "resolve", "conform", "repair", "quarantine"]
    full = deliver(play, tmp_path, "full", FULL, text, tmp_path / "in5")
    assert (sha256(broken), broken.tables) == (sha256(full), full.tables)


def test_rows_of_header_variants_in_turn_come_out_in_order_without_sorting(
    play: Any, tmp_path: Path, schema: Any
) -> None:
    for number in range(6):
        names = ("id,v,day,price", "Day,ID,Price,V")[number % 2]
        rows = [f"{number}{n},a,2024-01-0{n},1.50" for n in range(1, 4)]
        if number % 2:
            rows = [f"{day},{key},{price},{v}" for key, v, day, price in (row.split(",") for row in rows)]
        (tmp_path / f"t_{number}.csv").write_text("\n".join([names, *rows]) + "\n")
    files = sorted(tmp_path.glob("t_*.csv"))
    once = deliver(play, tmp_path, "once", {"conform": "at_once"}, contract(schema), *files)
    runs = deliver(play, tmp_path, "runs", {"conform": "run_by_run"}, contract(schema), *files)
    assert [chosen(each, "t")["conform"] for each in (once, runs)] == ["at_once", "run_by_run"]
    assert sha256(once) == sha256(runs)
    assert once.places("t") == runs.places("t")


def test_a_person_who_is_asked_gets_all_the_evidence(job: Any) -> None:
    context = RunContext(home=str(job.home))
    run(job.contract, [str(job.sources)], job.out, run_id="r", approve=Approve.CHANGES, context=context)
    plan = Plan.model_validate_json((job.home / "runs" / "r" / "plan-0.json").read_bytes())
    ways = {step.how for step in plan.steps if step.kind in (StepKind.MAP, StepKind.FORMAT)}
    assert ways == {"by_values", "counting_all"}


def test_a_way_that_is_none_is_refused_in_one_line(play: Any, tmp_path: Path, schema: Any) -> None:
    (tmp_path / "t.csv").write_text(CLEAN)
    played = play(
        contract(schema), tmp_path / "t.csv", fails=True, context={"patterns": {"prefer": {"merge": "by_magic"}}}
    )
    assert "'by_magic' is no way to do 'merge'" in played.problem
    assert "\n" not in played.problem
