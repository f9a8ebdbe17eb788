"""What `millwright doctor` says of the database: which one, whether it answers, and how far its tables are."""

from pathlib import Path

from state.errors import SetupError
from tools.database.database import FILE, connect
from tools.database.open import heads, stamped

_PATIENCE = 3.0  # seconds


def examine(home: Path, url: str) -> tuple[dict[str, str], str]:
    """Return the findings by name, without user and password, and the problem there is; empty without one.

    Nothing is made or changed.
    """
    if not url and not (home / FILE).is_file():
        return {"kind": "sqlite", "place": str(home / FILE), "schema": "made with the first run"}, ""
    try:
        with connect(home, url, patience=_PATIENCE) as database:
            found = {"kind": database.dialect.value, "place": database.place}
            at = database.look(stamped)
    except SetupError as error:
        return {"kind": "postgresql" if url else "sqlite", "reachable": f"no: {error.what}"}, error.line()
    newer = [area for area, number in at.items() if number > heads().get(area, 0)]
    told = {**found, "reachable": "yes", "schema": _schema(at)}
    return told, f"the database was upgraded by a newer version ({', '.join(newer)})" if newer else ""


def _schema(at: dict[str, int]) -> str:
    """Return the migration each area is at, and those it gets when it is opened next."""
    if not at:
        return "made with the first run"
    known = heads()
    return ", ".join(
        f"{area} {at.get(area, 0)}" + (f" (next: {known[area]})" if known.get(area, 0) > at.get(area, 0) else "")
        for area in sorted({*at, *known})
    )
