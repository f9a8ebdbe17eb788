"""The program of the sandbox's process: run given statements in one transaction on one database, locked down.

It is started by its path, isolated (`python -I`), so it works wherever the project lies and imports nothing of it. One
line of JSON comes in on standard input. Standard input stays open as long as the parent lives: at its end this process
ends too, so that a killed run leaves nobody holding the database.

Request: database, config (settings given at opening), address_space (bytes), statements [{sql, fetch}], max_rows,
max_bytes. Lines out: {"running": number} as each statement starts, and at the end {"rows": [rows of each statement to
fetch], "seconds": [of each statement]} or {"error": class, "message": text}. Values that JSON lacks (dates, decimals,
binary) are given as text.
"""

import json
import os
import resource
import sys
import threading
import time
from typing import Any

import duckdb

EXIT_ORPHANED = 3
_ALLOWED = frozenset(["SELECT", "INSERT", "UPDATE", "DELETE", "CREATE", "DROP"])


class LimitError(Exception):
    """The result is larger than allowed."""


def main() -> None:
    """Serve one request."""
    request = json.loads(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (request["address_space"], request["address_space"]))
    _say(_serve(request))
    os._exit(0)  # the thread that watches the parent would be waited for


def _end_with_parent() -> None:
    while os.read(0, 4096):
        pass
    os._exit(EXIT_ORPHANED)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _serve(request: dict[str, Any]) -> str:
    try:
        with duckdb.connect(request["database"], config=request["config"]) as connection:
            connection.execute("set TimeZone = 'UTC'")
            connection.execute("set enable_progress_bar = false")
            connection.execute("set enable_external_access = false")
            connection.execute("set lock_configuration = true")
            connection.begin()
            rows, seconds = [], []
            for number, statement in enumerate(request["statements"]):
                _say(json.dumps({"running": number}))
                started = time.monotonic()
                rows += _run(connection, statement, request["max_rows"])
                seconds.append(time.monotonic() - started)
            answer = _answer(rows, seconds, request["max_bytes"])
            connection.commit()
    except (duckdb.Error, LimitError, MemoryError) as error:
        return json.dumps({"error": type(error).__name__, "message": str(error)})
    return answer


def _answer(rows: list[Any], seconds: list[float], max_bytes: int) -> str:
    answer = json.dumps({"rows": rows, "seconds": seconds}, default=str)
    if len(answer) > max_bytes:
        raise LimitError(f"its result has more than {max_bytes:,} bytes")
    return answer


def _run(connection: duckdb.DuckDBPyConnection, statement: dict[str, Any], max_rows: int) -> list[Any]:
    parsed = connection.extract_statements(statement["sql"])
    kinds = [str(part.type).rpartition(".")[2] for part in parsed]
    if len(kinds) != 1 or kinds[0] not in _ALLOWED:
        raise duckdb.PermissionException(f"{' '.join(kinds) or 'nothing'} is not one statement that may run here")
    connection.execute(parsed[0])
    if not statement["fetch"]:
        return []
    rows = connection.fetchmany(max_rows + 1)
    if len(rows) > max_rows:
        raise LimitError(f"its result has more than {max_rows:,} rows")
    return [rows]


if __name__ == "__main__":
    main()
