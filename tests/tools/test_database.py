import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from pathlib import Path

import pytest
from sqlalchemy import Connection, inspect, text

from evals.postgres_server import PASSWORD, PostgresServer
from state.errors import SetupError
from tools.database.address import checked, database_url, shown
from tools.database.database import Database, connect
from tools.database.open import MIGRATIONS, heads, open_database, stamped


@pytest.fixture
def database(tmp_path: Path, database_address: str) -> Iterator[Database]:
    with open_database(tmp_path, database_address) as opened:
        yield opened


def test_a_new_database_has_the_tables_of_every_area(database: Database) -> None:
    assert database.look(stamped) == heads()
    assert {"runs", "jobs"} <= set(database.look(lambda connection: inspect(connection).get_table_names()))


@pytest.mark.parametrize("path", sorted((MIGRATIONS / "versions").glob("*_0*.py")), ids=lambda path: path.stem)
def test_a_migration_is_named_as_its_revision(path: Path) -> None:
    module = import_module(f"tools.database.migrations.versions.{path.stem}")
    area, number = path.stem.split("_")[:2]
    assert module.revision == f"{area}_{number}"
    assert module.down_revision == (None if number == "0001" else f"{area}_{int(number) - 1:04}")
    if number == "0001":
        assert module.branch_labels == (area,)


def test_what_is_up_to_date_is_opened_without_the_package_for_migrations(tmp_path: Path, database_address: str) -> None:
    open_database(tmp_path, database_address).close()
    code = (
        "import sys; from pathlib import Path; from tools.database.open import open_database;"
        "open_database(Path(sys.argv[1]), sys.argv[2]).close(); sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path), database_address], check=False).returncode == 0


def test_many_may_open_a_new_database_at_once(tmp_path: Path, database_address: str) -> None:
    def opened(_: int) -> dict[str, int]:
        with open_database(tmp_path, database_address) as database:
            return database.look(stamped)

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(opened, range(8))) == [heads()] * 8


def test_a_database_of_a_newer_version_is_refused(tmp_path: Path, database_address: str) -> None:
    with open_database(tmp_path, database_address) as database:
        newer = text("update alembic_version set version_num = 'queue_0999' where version_num like 'queue%'")
        database.perform(lambda connection: connection.execute(newer))
    with pytest.raises(SetupError, match="newer version"):
        open_database(tmp_path, database_address)


def test_an_area_that_is_new_is_added_beside_the_others(tmp_path: Path, database_address: str) -> None:
    with open_database(tmp_path, database_address) as database:
        database.perform(lambda connection: connection.execute(text("drop table jobs")))
        database.perform(lambda connection: connection.execute(text("drop table runs")))
        forgotten = text("delete from alembic_version where version_num like 'queue%'")
        database.perform(lambda connection: connection.execute(forgotten))
    with open_database(tmp_path, database_address) as database:
        assert database.look(stamped) == heads()


def test_work_that_fails_leaves_nothing(database: Database) -> None:
    def half(connection: Connection) -> None:
        connection.execute(text("create table half (n integer)"))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.perform(half)
    assert "half" not in database.look(lambda connection: inspect(connection).get_table_names())


def test_writers_of_several_threads_count_right(database: Database) -> None:
    def add(connection: Connection) -> None:
        found = connection.scalar(text("select n from counter" + lock)) or 0
        connection.execute(text("update counter set n = :n"), {"n": found + 1})

    lock = "" if database.dialect == "sqlite" else " for update"
    database.perform(lambda connection: connection.execute(text("create table counter (n integer)")))
    database.perform(lambda connection: connection.execute(text("insert into counter values (0)")))
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: database.perform(add), range(40)))
    assert database.look(lambda connection: connection.scalar(text("select n from counter"))) == 40


def test_a_restart_of_the_server_is_outlived(tmp_path: Path, postgres: PostgresServer, postgres_url: str) -> None:
    with open_database(tmp_path, postgres_url) as database, ThreadPoolExecutor(1) as threads:
        postgres.stop()
        waiting = threads.submit(database.perform, lambda connection: connection.scalar(text("select 7")))
        postgres.start()
        assert waiting.result() == 7


def test_a_server_that_does_not_answer_is_told_without_password(tmp_path: Path) -> None:
    url = f"postgresql://millwright:{PASSWORD}@127.0.0.1:1/none"
    with pytest.raises(SetupError, match="does not answer") as caught:
        open_database(tmp_path, url, patience=0.2)
    assert PASSWORD not in str(caught.value)
    assert "127.0.0.1:1/none" in caught.value.line()


def test_a_wrong_password_is_told_at_once(tmp_path: Path, postgres: PostgresServer) -> None:
    with pytest.raises(SetupError, match="authentication failed") as caught:
        open_database(tmp_path, postgres.url.replace(PASSWORD, "guessed"), patience=60)
    assert "guessed" not in str(caught.value)


def test_the_variable_wins_over_the_settings_file(tmp_path: Path) -> None:
    file = tmp_path / "millwright.toml"
    file.write_text('[secrets]\ndatabase_url = "postgres://a:b@host/one"\n')
    settings = {"MILLWRIGHT_SETTINGS": str(file)}
    assert database_url(settings) == "postgresql://a:b@host/one"
    assert database_url({**settings, "MILLWRIGHT_DATABASE_URL": "postgresql://host/two"}) == "postgresql://host/two"
    file.write_text("")
    assert database_url(settings) == ""
    assert database_url({}) == ""


def test_another_kind_of_url_is_refused_and_not_shown() -> None:
    with pytest.raises(SetupError, match="MILLWRIGHT_DATABASE_URL: it is no PostgreSQL URL") as caught:
        database_url({"MILLWRIGHT_DATABASE_URL": "mysql://root:hidden@host/db"})
    assert "hidden" not in caught.value.line()
    assert checked("") == ""


@pytest.mark.parametrize("secret", ["s3/cret", "s3#cret", "s3?cret", "s3@cret", "[cret", "3/cret", "3?cret", "3 cret"])
def test_a_password_with_marks_of_the_url_is_refused_and_not_shown(tmp_path: Path, secret: str) -> None:
    with pytest.raises(SetupError, match="cannot be read") as caught:
        connect(tmp_path, f"postgresql://mw:{secret}@db:5432/x")
    assert "cret" not in caught.value.line()


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("postgresql://mw:s3%2Fcret%40@db:5432/x", "postgresql://db:5432/x"),
        ("postgresql://db", "postgresql://db"),
        ("postgres://mw@[::1]:5432/x?sslmode=require&password=hidden", "postgresql://[::1]:5432/x"),
        ("postgresql:///x?host=/run/postgresql", "postgresql:/x"),
    ],
)
def test_a_url_is_shown_without_user_password_and_parameters(tmp_path: Path, url: str, place: str) -> None:
    with connect(tmp_path, url) as database:
        assert database.place == place


def test_a_port_that_is_no_number_is_told() -> None:
    with pytest.raises(SetupError, match="port as a number"):
        checked("postgresql://mw:hidden@db:port/x")
    assert shown("postgresql://user:hidden@host:5432/db?sslpassword=hidden") == "postgresql://host:5432/db"


def test_a_process_has_at_most_the_connections_of_its_setting(tmp_path: Path, postgres_url: str) -> None:
    with open_database(tmp_path, postgres_url, pool_size=2, patience=0.3) as database:
        refused = pytest.raises(SetupError, match=r"all connections .*raise operation.database_pool_size")
        with database.reading(), database.reading(), refused:
            database.look(stamped)
        assert database.look(stamped) == heads()
