"""Opening the database: where its tables are behind, they are upgraded first, by one process at a time.

What is there is compared with what the migrations are named (no package for migrations is imported where nothing is
to do): a migration is a file `<area>_<number>_<what>.py`, its revision `<area>_<number>`, so that the last one of each
area is known by name.
"""

import re
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from state.errors import SetupError
from tools.database.database import PATIENCE, Database, connect, told
from tools.database.locks import upgrading

MIGRATIONS = Path(__file__).parent / "migrations"
_NAME = re.compile(r"(?P<area>[a-z]+)_(?P<number>\d{4})_\w+\.py")
_TABLE = "alembic_version"


def open_database(home: Path, url: str = "", *, pool_size: int = 4, patience: float = PATIENCE) -> Database:
    """Return the database of a home folder (`operation.sqlite`), or of a PostgreSQL URL, with all tables up to date.

    Raises SetupError when it cannot be reached, its driver is missing, or a newer version has upgraded it.
    """
    if not url:
        home.absolute().mkdir(parents=True, exist_ok=True)
    database = connect(home, url, pool_size=pool_size, patience=patience)
    try:
        if _is_behind(database.place, database.look(stamped)):
            with upgrading(database) as connection:
                if _is_behind(database.place, stamped(connection)):
                    _upgrade(connection)
    except DBAPIError as error:
        database.close()
        raise told(database.place, error) from None
    except BaseException:
        database.close()
        raise
    return database


def heads() -> dict[str, int]:
    """Return the number of the last migration of each area that this version knows."""
    found: dict[str, int] = {}
    for path in (MIGRATIONS / "versions").iterdir():
        if named := _NAME.fullmatch(path.name):
            area = named["area"]
            found[area] = max(found.get(area, 0), int(named["number"]))
    return found


def stamped(connection: Connection) -> dict[str, int]:
    """Return the number of the migration each area of the database is at; empty for a new database."""
    if not inspect(connection).has_table(_TABLE):
        return {}
    rows = connection.execute(text(f"select version_num from {_TABLE}")).scalars()
    return {area: int(number) for area, _, number in (str(row).rpartition("_") for row in rows)}


def _is_behind(place: str, found: dict[str, int]) -> bool:
    known = heads()
    if newer := [area for area, number in found.items() if number > known.get(area, 0)]:
        what = f"a newer version of Millwright has upgraded it ({', '.join(sorted(newer))})"
        raise SetupError(what, where=place, hint="use that version, or another database")
    return found != known


def _upgrade(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415  takes a quarter of a second, and is seldom needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "heads")
