"""Who may use the server: tokens, sessions, folders, and what stands before every page."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.access import EVERYBODY, SESSION_SECONDS, Access, User, load_access
from app.dashboard import guard
from app.dashboard.form_views import answer_of
from app.dashboard.server import app
from state.errors import SetupError
from tools.metrics.exposition import PATH

NOW = datetime(2026, 1, 2, tzinfo=UTC)
ANN, OPS = "ann-has-a-long-token", "ops-has-a-long-token"
ACCESS = Access({"ann": ANN, "ops": OPS}, ("ops",), ("/data/open",))


def test_a_token_names_its_user_and_nothing_else_does() -> None:
    assert ACCESS.user_of(ANN) == User("ann", operator=False)
    assert ACCESS.user_of(OPS) == User("ops", operator=True)
    assert ACCESS.user_of("") is ACCESS.user_of("ann") is ACCESS.user_of(ANN[:-1]) is None


def test_a_session_ends_and_is_void_when_the_token_changes() -> None:
    session = ACCESS.session(User("ann", operator=False), NOW)
    assert ACCESS.user_of_session(session, NOW) == User("ann", operator=False)
    assert ACCESS.user_of_session(session, NOW + timedelta(seconds=SESSION_SECONDS + 1)) is None
    other = Access({"ann": "another-long-token-of-ann", "ops": OPS})
    assert other.user_of_session(session, NOW) is None


@given(st.text(max_size=80), st.integers(0, 200))
def test_no_session_that_was_changed_or_made_up_is_taken(text: str, place: int) -> None:
    session = ACCESS.session(User("ann", operator=False), NOW)
    changed = session[: place % len(session)] + text + session[place % len(session) :]
    if changed != session:
        assert ACCESS.user_of_session(changed, NOW) is None
    assert ACCESS.user_of_session(text, NOW) is None


@pytest.mark.parametrize(
    "given",
    [
        {"request": {"contract": "/etc/passwd"}},
        {"request": {"sources": ["/data/open/a.csv", "/data/opened/b.csv"]}},
        {"request": {"sources": ["/data/open/../secret/*.csv"]}},
        {"request": {"sources": ["/data/*/secret.csv"]}},
        {"request": {"out": "/data"}},
        {"task": {"path": "/etc/shadow"}},
        {"context": {"home": "/var/lib/other"}},
        {"command": {"update": {"request": {"contract": "/etc/passwd"}}}},
        {"assignment": {"sources": ["relative.csv"]}},
    ],
)
def test_users_name_no_file_outside_the_open_folders(given: Any) -> None:
    with pytest.raises(SetupError, match="outside the folders"):
        ACCESS.check_named(User("ann", operator=False), given)
    ACCESS.check_named(User("ops", operator=True), given)


def test_a_link_out_of_an_open_folder_does_not_open_another(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "open" / "way").symlink_to(tmp_path / "secret")
    access = Access({"ann": ANN}, (), (str(tmp_path / "open"),))
    access.check_named(User("ann", operator=False), {"out": str(tmp_path / "open" / "new")})
    with pytest.raises(SetupError, match="outside"):
        access.check_named(User("ann", operator=False), {"out": str(tmp_path / "open" / "way" / "x")})


@pytest.mark.parametrize(
    ("field", "path"),
    [
        ("sources", "/data/open/.home/runs/r1/*"),
        ("sources", "/data/open/.*/x"),
        ("sources", "/data/open/visible"),
        ("sources", "/data/open/vis*/*.csv"),
        ("sources", "/data/open/**/*.csv"),
        ("path", "/data/open/visible/home/runs/r1/landed.parquet"),
        ("home", "/data/open/visible/home/runs"),
        ("out", "/data/open/.home"),
    ],
)
def test_users_name_no_file_in_the_home_folder_where_the_runs_of_all_lie(field: str, path: str) -> None:
    """It lies in an open folder unless settings say otherwise."""
    home = "/data/open/visible/home" if ".home" not in path and ".*" not in path else "/data/open/.home"
    access = Access({"ann": ANN}, (), ("/data/open",), home=home)
    with pytest.raises(SetupError, match="outside the folders"):
        access.check_named(User("ann", operator=False), {field: path})


def test_the_home_folder_closes_nothing_else() -> None:
    access = Access({"ann": ANN}, (), ("/data/open",), home="/data/open/.home")
    for field, path in (("sources", "/data/open"), ("sources", "/data/open/*.csv"), ("home", "/data/open/.home")):
        access.check_named(User("ann", operator=False), {field: path})


def test_users_name_no_address_that_the_server_sends_requests_to() -> None:
    access = Access({"ann": ANN}, address="http://model/v1")
    ann = User("ann", operator=False)
    access.check_named(ann, {"context": {"model": {"base_url": "http://model/v1/"}}})
    access.check_named(User("ops", operator=True), {"context": {"model": {"base_url": "http://169.254.169.254"}}})
    with pytest.raises(SetupError, match="no address"):
        access.check_named(ann, {"context": {"model": {"base_url": "http://169.254.169.254"}}})


def test_users_do_not_set_how_much_is_kept_of_what_all_share() -> None:
    access, given = Access({"ann": ANN}), {"context": {"retention_experience": 1}}
    access.check_named(User("ops", operator=True), given)
    with pytest.raises(SetupError, match="all users share"):
        access.check_named(User("ann", operator=False), given)


def test_a_short_token_or_an_operator_without_one_is_refused_without_its_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLWRIGHT_TOKENS", '{"ann": "short-secret"}')
    with pytest.raises(SetupError, match="shorter than 16") as error:
        load_access()
    assert "short-secret" not in error.value.line()
    monkeypatch.setenv("MILLWRIGHT_TOKENS", f'{{"ann": "{ANN}"}}')
    monkeypatch.setenv("MILLWRIGHT_OPERATION__OPERATORS", '["eve"]')
    with pytest.raises(SetupError, match="'eve' has no token"):
        load_access()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], TestClient]:
    monkeypatch.setenv("MILLWRIGHT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(guard, "load_access", lambda: ACCESS)
    monkeypatch.setattr(app, "middleware_stack", None)  # it keeps what was loaded
    return lambda: TestClient(app, base_url="http://crew", follow_redirects=False)


def test_without_a_token_nothing_but_the_login_is_shown(client: Callable[[], TestClient]) -> None:
    with client() as browser:
        assert browser.get("/dashboard").headers["location"] == "/dashboard/login?next=/dashboard"
        assert browser.get("/dashboard/runs/r1/live").status_code == 303
        assert browser.post("/dashboard/runs", headers={"sec-fetch-site": "same-origin"}).status_code == 401
        assert browser.get(PATH).status_code == 401
        assert browser.get("/dashboard", headers={"authorization": "Bearer wrong"}).status_code == 401
        assert browser.get("/dashboard", headers={"authorization": f"Bearer {ANN}"}).status_code == 200
        assert browser.get("/dashboard/login").status_code == 200


def test_a_login_gives_a_session_that_scripts_cannot_read(client: Callable[[], TestClient]) -> None:
    own = {"sec-fetch-site": "same-origin"}
    with client() as browser:
        assert browser.post("/dashboard/login", data={"token": "wrong"}, headers=own).status_code == 401
        answer = browser.post("/dashboard/login", data={"token": ANN, "next": "/dashboard/alerts"}, headers=own)
        assert answer.headers["location"] == "/dashboard/alerts"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert ANN not in cookie
        assert browser.get("/dashboard").status_code == 200


@pytest.mark.parametrize(
    "target", ["https://evil.example", "//evil.example", "/dashboard//evil", "/else", "/dashboard/\\x"]
)
def test_a_login_leads_to_no_foreign_page(client: Callable[[], TestClient], target: str) -> None:
    with client() as browser:
        form = {"token": ANN, "next": target}
        answer = browser.post("/dashboard/login", data=form, headers={"sec-fetch-site": "same-origin"})
        assert answer.headers["location"] == "/dashboard"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://evil"},
        {"origin": "null"},
    ],
)
def test_a_form_of_another_page_is_refused(client: Callable[[], TestClient], headers: dict[str, str]) -> None:
    with client() as browser:
        assert browser.post("/dashboard/logout", headers=headers).status_code == 403
        assert browser.post("/dashboard/logout", headers={"origin": "http://crew"}).status_code != 403


@pytest.mark.parametrize("nothing", ["", "Bearer ", "Bearer"])
def test_a_session_cannot_pass_for_a_token(client: Callable[[], TestClient], nothing: str) -> None:
    with client() as browser:
        browser.post("/dashboard/login", data={"token": ANN}, headers={"sec-fetch-site": "same-origin"})
        headers = {"authorization": nothing, "origin": "http://evil"}
        assert browser.post("/dashboard/runs/r1/resume", headers=headers).status_code == 403
        assert browser.post("/dashboard/runs/r1/resume", headers={"x-api-key": ANN}).status_code == 404


def test_a_form_without_end_is_refused_with_words(client: Callable[[], TestClient]) -> None:
    own = {"sec-fetch-site": "same-origin", "content-type": "application/x-www-form-urlencoded"}
    with client() as browser:
        for body in (b"token=" + b"x" * 9_000_000, b"a&" * 30_000):
            answer = browser.post("/dashboard/login", content=body, headers=own)
            assert answer.status_code == 400
            assert "the form" in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:2024", "localhost.evil.example"])
def test_an_open_server_does_not_answer_to_names_that_strangers_can_give_it(
    client: Callable[[], TestClient], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """A page of the internet whose name leads to this machine is of the same origin for the browser."""
    monkeypatch.setattr(guard, "load_access", lambda: Access({}))
    with client() as browser:
        for path in ("/dashboard", PATH):
            assert browser.get(path, headers={"host": host}).status_code == 403
        for own in ("localhost:2024", "127.0.0.1:2024", "[::1]:2024", "crew"):
            assert browser.get("/dashboard", headers={"host": own}).status_code == 200


def test_an_open_server_takes_no_form_of_another_page_for_whatever_token(
    client: Callable[[], TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "load_access", lambda: Access({}))
    with client() as browser:
        headers = {"authorization": "Bearer anything", "origin": "http://evil"}
        assert browser.post("/dashboard/runs/r1/resume", headers=headers).status_code == 403


def test_every_answer_says_what_a_browser_may_do_with_it(client: Callable[[], TestClient]) -> None:
    with client() as browser:
        for path in ("/dashboard/login", "/dashboard", "/dashboard/static/live.js", "/dashboard/static/../guard.py"):
            headers = browser.get(path).headers
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["cache-control"] == "no-store"


def test_an_open_server_takes_everybody_for_the_operator() -> None:
    assert guard.user_of(Access({}), {}, {}) is EVERYBODY
    assert EVERYBODY.operator


def test_a_form_becomes_the_answer_that_the_command_line_takes() -> None:
    form = {"kind": "changes", "change:a": "accept", "change:b": "reject", "change:c": "", "edit:b": "", "rest": "ask"}
    assert answer_of(form) == {"accept": ["a"], "reject": ["b"], "rest": "ask"}
    edited = {"kind": "changes", "change:a": "accept", "edit:a": "Spain", "rest": "accept", "note": "sure"}
    assert answer_of(edited) == {"edit": {"a": "Spain"}, "rest": "accept", "note": "sure"}
    assert answer_of({"kind": "plan", "reply": "accept"}) == {"reply": "accept"}
