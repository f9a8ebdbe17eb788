"""The runs of the suite: small, of a few inputs; submitted to a queue, or worked on in one process without one."""

import hashlib
import random
import time
from pathlib import Path
from typing import Final

from graphs.session import run
from state.run import RunContext, RunRequest
from state.values import Value
from tools.database.open import open_database
from tools.queue.queue import enqueue

INPUTS: Final = 10
"""Different inputs, so that a run that publishes another one's rows is noticed."""

_ROWS: Final = 30
_CONTRACT: Final = """\
apiVersion: v3.1.0
kind: DataContract
id: readings
name: readings
version: 1.0.0
status: active
schema:
  - name: readings
    customProperties:
      - {property: millwright.sources, value: ["*.csv"]}
      - {property: millwright.maxQuarantine, value: 0.5}
    properties:
      - {name: reading_id, logicalType: integer, primaryKey: true, required: true}
      - {name: station, logicalType: string, required: true}
      - {name: day, logicalType: date}
      - {name: value, logicalType: number, physicalType: "DECIMAL(10,2)", logicalTypeOptions: {minimum: 0}}
"""


class Alone(Value):
    """What the same runs took in one process, one after the other, without a queue."""

    runs: int
    seconds: tuple[float, ...]  # of the clock, for each run but the first
    processor: tuple[float, ...]  # seconds of the processor, likewise


def make_inputs(folder: Path) -> None:
    """Write the contract and the inputs: a duplicate, a row that breaks a rule, and spaces around names in each."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "contract.yaml").write_text(_CONTRACT, encoding="utf-8")
    for number in range(INPUTS):
        draw = random.Random(number)  # noqa: S311  data, no secret
        rows = [
            f"{at}, s{draw.randrange(9)} ,{draw.randrange(1, 29):02d}/03/2024,{draw.random():.2f}"
            for at in range(_ROWS)
        ]
        rows += [rows[0], f"{_ROWS},s1,04/03/2024,-{number + 1}"]
        place = folder / f"input{number}"
        place.mkdir(exist_ok=True)
        text = "Reading ID,Station,Day,Value\n" + "\n".join(rows) + "\n"
        (place / "readings.csv").write_text(text, encoding="utf-8")


def submit(folder: Path, home: Path, url: str, runs: int) -> None:
    """Give the runs to the queue of a home folder."""
    with open_database(home, url) as database:
        for number in range(runs):
            request = RunRequest(
                contract=str(folder / "contract.yaml"),
                sources=(str(folder / f"input{number % INPUTS}"),),
                out=str(place_of(home, number)),
                run_id=name_of(number),
            )
            enqueue(database, request, RunContext(home=str(home), threads=1), key=f"key {number}", most_attempts=20)


def work_alone(folder: Path, home: Path, runs: int) -> Alone:
    """Work on runs in this process, undisturbed; what they publish is what the others must publish."""
    seconds, processor = [], []
    for number in range(max(runs, INPUTS)):
        began, used = time.monotonic(), time.process_time()
        run(
            folder / "contract.yaml",
            [str(folder / f"input{number % INPUTS}")],
            place_of(home, number),
            run_id=name_of(number),
            context=RunContext(home=str(home), threads=1),
        )
        seconds.append(time.monotonic() - began)
        processor.append(time.process_time() - used)
    return Alone(runs=len(seconds), seconds=tuple(seconds[1:]), processor=tuple(processor[1:]))


def name_of(number: int) -> str:
    """Return the id of a run."""
    return f"run-{number:04d}"


def place_of(home: Path, number: int) -> Path:
    """Return the destination of a run."""
    return home.parent / "published" / home.name / name_of(number)


def published(home: Path, number: int) -> str:
    """Return the hash of what a run published; empty where there is nothing."""
    path = place_of(home, number) / "readings.parquet"
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
