"""The database of the operation as commands open it: of the settings' home folder, or the URL of the secrets."""

from pathlib import Path
from typing import TYPE_CHECKING

from app.settings import Settings
from tools.database.address import database_url

if TYPE_CHECKING:
    from tools.database.database import Database


def open_operation(settings: Settings) -> "Database":
    """Return the database with its tables up to date; SetupError where it does not answer."""
    from tools.database.open import open_database

    return open_database(Path(settings.home).absolute(), database_url(), patience=5.0)
