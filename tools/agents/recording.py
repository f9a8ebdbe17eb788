"""What a run that ended tells the registry: the outcomes of its decisions, read from its record and its quarantine.

Failing softly: a run is not worse for a database that is gone; why is returned, for whoever works on the run to tell.
"""

import json
import sqlite3
from collections import Counter
from datetime import datetime
from pathlib import Path

import duckdb
from pydantic import TypeAdapter

from algorithms.operation.outcomes import outcomes, verified
from state.decisions import Decision
from state.errors import MillwrightError
from tools.agents.roster import FILE

_DECISIONS = TypeAdapter(tuple[Decision, ...])
_PATIENCE = 2.0


def record_run(run_folder: Path, home: Path, url: str, now: datetime) -> str:
    """Keep the outcomes of a run's decisions, where there is a registry; return why it could not be done."""
    path = run_folder / "run.json"
    if not path.is_file() or (not url and not (home / FILE).is_file()):
        return ""
    from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415  loads the database's library

    from tools.agents.registry import agents_of  # noqa: PLC0415
    from tools.agents.rollouts import note_outcomes  # noqa: PLC0415
    from tools.database.open import open_database  # noqa: PLC0415

    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        rows = {name: int(table["rows_read"]) for name, table in told["tables"].items()}
        found = verified(told["checks"], _aside(run_folder), rows)
        by_agent = outcomes(told["run_id"], _DECISIONS.validate_python(told["decisions"]), found, now)
        with open_database(home, url, pool_size=1, patience=_PATIENCE) as database:
            if database.look(agents_of):
                for agent_id, each in by_agent.items():
                    note_outcomes(database, agent_id, each)
    except (MillwrightError, SQLAlchemyError, sqlite3.Error, duckdb.Error, OSError, ValueError, KeyError) as error:
        return error.line() if isinstance(error, MillwrightError) else f"{type(error).__name__}: {error}"[:300]
    return ""


def _aside(run_folder: Path) -> Counter[str]:
    """Return the rows in quarantine by the rule that put them there, without values."""
    counts: Counter[str] = Counter()
    files = sorted((run_folder / "quarantine").glob("*.parquet"))
    if not files:
        return counts
    with duckdb.connect() as connection:
        for file in files:
            asked = "select _rule, count(*) from read_parquet(?) where _rule is not null group by 1"
            counts.update({str(rule): int(count) for rule, count in connection.execute(asked, [str(file)]).fetchall()})
    return counts
