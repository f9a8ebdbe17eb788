"""Many files and many tables: the books still balance, and checkpoints stay small."""

import sqlite3
import time
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

LIMIT = 64 * 1024
"""Bytes a superstep may take, of the checkpoint and of its writes."""

FILES, VARIANTS, ROWS = 1000, 20, 3
TABLES = 60

HEAD = """
apiVersion: v3.1.0
kind: DataContract
id: scale
name: scale
version: 1.0.0
status: active
schema:
"""
READINGS = """
  - name: readings
    properties:
      - {name: reading_id, logicalType: integer, primaryKey: true}
      - {name: station, logicalType: string, required: true}
      - {name: taken_on, logicalType: date, required: true}
      - {name: level, logicalType: number, required: true}
"""
TABLE = """
  - name: table_{number:02}
    customProperties: [{{property: millwright.sources, value: "table_{number:02}.csv"}}]
    properties:
      - {{name: id, logicalType: integer}}
      - {{name: label, logicalType: string, required: true}}
"""


def checkpoint_sizes(home: Path) -> tuple[int, int, int]:
    """Return the bytes of the largest checkpoint, of the largest superstep with its writes, and the supersteps."""
    connection = sqlite3.connect(home / "checkpoints.sqlite")
    saved = "select checkpoint_ns, checkpoint_id, length(checkpoint) + length(metadata) as size from checkpoints"
    written = "select checkpoint_ns, checkpoint_id, sum(length(value)) as size from writes group by 1, 2"
    largest, steps = connection.execute(f"select max(size), count(*) from ({saved})").fetchone()
    (superstep,) = connection.execute(
        f"select max(size) from (select sum(size) as size from ({saved} union all {written}) group by "
        "checkpoint_ns, checkpoint_id)"
    ).fetchone()
    connection.close()
    return largest, superstep, steps


@pytest.fixture
def readings(tmp_path: Path) -> Path:
    """A thousand files in twenty orders of their columns, every fifth file with one line that is no record."""
    folder = tmp_path / "readings"
    orders = list(permutations(("reading_id", "station", "taken_on", "level")))[:VARIANTS]
    for number in range(FILES):
        order = orders[number % VARIANTS]
        (folder / f"{number % 10}").mkdir(parents=True, exist_ok=True)
        lines = [",".join(order)]
        for row in range(ROWS):
            at = number * ROWS + row
            cells = {
                "reading_id": str(at),
                "station": f"North {at % 7}",
                "taken_on": f"2024-{at % 12 + 1:02}-{at % 28 + 1:02}",
                "level": f"{at % 90}.5",
            }
            lines.append(",".join(cells[name] for name in order))
        lines += ["cut off"] * (number % 5 == 0)
        (folder / f"{number % 10}" / f"readings_{number:04}.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_thousand_files_are_accounted_for_and_do_not_grow_the_checkpoints(play: Any, readings: Path) -> None:
    contract = HEAD + READINGS + "    customProperties: [{property: millwright.maxQuarantine, value: 0.1}]\n"
    started = time.process_time()
    played = play(contract, readings)
    spent = time.process_time() - started  # the clock would tell what else the machine does
    assert played.status == "published", played.problem
    played.assert_balanced()
    told = played.told
    assert (told["sources"]["files"], len(told["sources"]["variants"])) == (FILES, VARIANTS)
    assert told["sources"]["lines"] == FILES * (ROWS + 1) + FILES // 5
    assert told["tables"]["readings"]["rows_published"] == FILES * ROWS
    assert told["tables"]["readings"]["rejects"] == FILES // 5
    assert [row[0] for row in played.rows("readings", "reading_id")] == list(range(FILES * ROWS))
    places = [place for found in played.places("readings").values() for place in found]
    assert len(places) == len(set(places)) == FILES * ROWS + FILES // 5
    largest, superstep, _ = checkpoint_sizes(played.home)
    assert largest < LIMIT
    assert superstep < LIMIT
    assert spent < 60


def test_sixty_tables_keep_checkpoints_small(play: Any, tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    for number in range(TABLES):
        rows = "".join(f"{row},label {row}\n" for row in range(5))
        (folder / f"table_{number:02}.csv").write_text("id,label\n" + rows)
    contract = HEAD + "".join(TABLE.format(number=number) for number in range(TABLES))
    played = play(contract, folder)
    assert played.status == "published", played.problem
    played.assert_balanced()
    assert played.published() == [f"table_{number:02}" for number in range(TABLES)]
    largest, superstep, steps = checkpoint_sizes(played.home)
    assert steps > 10  # the steps of all tables are one superstep
    assert largest < LIMIT
    assert superstep < LIMIT
