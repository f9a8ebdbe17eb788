"""Alerts end to end: a mail and a webhook are received, escalated, silenced; nothing is lost, doubled or leaked."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from pydantic import SecretStr

from state.alerts import DEFAULT_RULES, AlertRule, AlertSettings, AlertState, EscalationLevel, EscalationPolicy
from state.errors import SetupError
from state.metrics import Count, Measurement
from state.operation import OperationSettings
from tools.alerts.book import acknowledge, end_silence, history, open_alerts, silence
from tools.alerts.channels import Channels
from tools.alerts.duties import Escalate, EvaluateAlerts
from tools.alerts.outbox import channel_faults, deliver
from tools.alerts.rules import check_rules
from tools.database.database import Database
from tools.database.open import open_database
from tools.metrics.report import production_report
from tools.metrics.store import take
from tools.operation.rounds import Rounds

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
RULE = AlertRule(name="fallen", figure="failed_share", threshold=0.2, clear=0.1, window_seconds=600, policy="night")
POLICY = EscalationPolicy(
    levels=(EscalationLevel(channels=("hook",)), EscalationLevel(after_seconds=900, channels=("hook", "mail")))
)
OTHERS = tuple(rule.model_copy(update={"enabled": False}) for rule in DEFAULT_RULES)
SETTINGS = AlertSettings(rules=(RULE, *OTHERS), policies={"night": POLICY}, retry_seconds=10, send_attempts=4)


class Hook:
    """A webhook on loopback that keeps what it is told."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.code = 200
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                if hook.code == 200:
                    hook.heard.append(json.loads(content))
                self.send_response(hook.code)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def address(self) -> SecretStr:
        return SecretStr(f"json://user:hidden@127.0.0.1:{self.server.server_port}/path?cto=1&rto=1")

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class Post:
    """A mail server on loopback that keeps what it is told."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802  the library's name
        self.mails.append(envelope.content.decode())
        return "250 taken"

    @property
    def address(self) -> SecretStr:
        return SecretStr(
            f"mailto://127.0.0.1:{self.port}?from=mill@localhost.local&to=ann@localhost.local&mode=insecure"
        )

    def close(self) -> None:
        self.controller.stop()


@pytest.fixture
def hook() -> Iterator[Hook]:
    made = Hook()
    yield made
    made.close()


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post()
    yield made
    made.close()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with open_database(tmp_path) as opened:
        yield opened


class Operation:
    """The duties of alerts over a clock that the test sets."""

    def __init__(self, database: Database, hook: Hook, post: Post | None = None) -> None:
        addresses = {"hook": hook.address, "mail": post.address if post else hook.address}
        settings, channels = OperationSettings(alerts=SETTINGS), Channels(addresses)
        self.database, self.faults = database, list[str]()
        duties = (EvaluateAlerts(database, settings, channels), Escalate(database, settings, channels))
        self._rounds = Rounds(duties, told=lambda name, fault: self.faults.append(f"{name}: {fault}"))

    def at(self, minutes: float) -> "Operation":
        self._rounds.perform_due(START + timedelta(minutes=minutes))
        assert self.faults == []
        return self

    def runs(self, minutes: float, **statuses: int) -> None:
        at = (START + timedelta(minutes=minutes)).timestamp()
        for status, count in statuses.items():
            for number in range(count):
                told = (Measurement("run", at, Count.RUNS, status, 1),)
                name = f"{minutes}-{status}-{number}"
                take(self.database, name, told, status=status, ended=at, oldest=0.0, batch=100)


def test_a_webhook_and_a_mail_are_received_and_escalated(database: Database, hook: Hook, post: Post) -> None:
    operation = Operation(database, hook, post)
    operation.at(0)
    assert open_alerts(database) == ()
    operation.runs(1, failed=3, published=3)
    operation.at(2)
    (alert,) = open_alerts(database)
    assert (alert.state, alert.rule, alert.value) == (AlertState.FIRING, "fallen", 0.5)
    assert [heard["title"] for heard in hook.heard] == ["[millwright] warning: fallen"]
    assert alert.alert_id in hook.heard[0]["message"]
    assert post.mails == []
    operation.runs(9, failed=1)
    operation.at(10).at(16)
    assert len(hook.heard) == 1  # nobody is told again before the time of the second level
    operation.at(17)
    assert len(hook.heard) == 2
    assert len(post.mails) == 1
    assert "Subject: [millwright] warning: fallen" in post.mails[0]
    operation.runs(40, published=9)
    operation.at(41)
    assert open_alerts(database) == ()
    assert [heard["title"] for heard in hook.heard][2:] == ["[millwright] resolved: fallen"]
    assert len(post.mails) == 2
    moves = [(move.before, move.after) for move in reversed(history(database, START)) if move.rule == "fallen"]
    assert moves[0] == (None, AlertState.PENDING)
    assert moves[-1] == (AlertState.FIRING, AlertState.RESOLVED)


def test_acknowledged_it_is_not_escalated(database: Database, hook: Hook, post: Post) -> None:
    operation = Operation(database, hook, post)
    operation.runs(1, failed=3)
    operation.at(2)
    (alert,) = open_alerts(database)
    held = acknowledge(database, alert.alert_id, by="ann", note="on it", now=START + timedelta(minutes=3))
    assert held.acknowledged_by == "ann"
    operation.at(20).at(60)
    assert (len(hook.heard), post.mails) == (1, [])
    with pytest.raises(SetupError, match="acknowledged"):
        acknowledge(database, alert.alert_id, by="bob", note="", now=START)
    with pytest.raises(SetupError, match="no open alert 'none'"):
        acknowledge(database, "none", by="bob", note="", now=START)


def test_silenced_nobody_is_told_until_it_ends(database: Database, hook: Hook, post: Post) -> None:
    operation = Operation(database, hook, post)
    made = silence(database, "fallen", ends=START + timedelta(minutes=30), by="ann", note="works", now=START)
    operation.runs(1, failed=3)
    operation.at(2).at(20)
    (alert,) = open_alerts(database)
    assert (alert.state, hook.heard) == (AlertState.SILENCED, [])
    operation.runs(30, failed=3)
    operation.at(31)
    assert len(hook.heard) == 1
    assert end_silence(database, made.silence_id)
    assert not end_silence(database, made.silence_id)


def test_a_channel_that_fails_is_tried_again_later_and_told_without_its_address(
    database: Database, hook: Hook, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    hook.code = 500
    operation = Operation(database, hook)
    operation.runs(1, failed=3)
    operation.at(2)
    (fault,) = production_report(database, START + timedelta(minutes=3)).channel_faults
    assert "channel 'hook': 1 notifications not delivered after up to 1 attempts" in fault
    assert hook.heard == []
    hook.code = 200
    operation.at(2 + 5 / 60)
    assert hook.heard == []  # ten seconds have not passed
    operation.at(2 + 12 / 60)
    assert len(hook.heard) == 1
    assert channel_faults(database) == ()
    assert "hidden" not in caplog.text + fault


def test_a_channel_is_given_up_after_its_attempts(database: Database) -> None:
    calls: list[str] = []
    operation = Operation(database, Hook_without_server())
    operation.runs(1, failed=3)
    EvaluateAlerts(database, OperationSettings(alerts=SETTINGS), Channels({})).perform(START + timedelta(minutes=2))
    for minute in range(3, 30):
        deliver(
            database, lambda channel, *_: calls.append(channel) or "broken", SETTINGS, START + timedelta(minutes=minute)
        )
    assert calls == ["hook"] * SETTINGS.send_attempts


def Hook_without_server() -> Any:  # noqa: N802  stands for a hook
    return type("Closed", (), {"address": SecretStr("json://127.0.0.1:1/")})()


def test_who_is_killed_between_sending_and_marking_sends_again_with_the_same_key(database: Database) -> None:
    settings = OperationSettings(alerts=SETTINGS)
    Operation(database, Hook_without_server()).runs(1, failed=3)
    EvaluateAlerts(database, settings, Channels({})).perform(START + timedelta(minutes=2))
    bodies: list[str] = []

    def killed(_channel: str, _title: str, body: str) -> str:
        bodies.append(body)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deliver(database, killed, SETTINGS, START + timedelta(minutes=2))
    told = lambda _channel, _title, body: bodies.append(body) or ""  # noqa: E731
    assert deliver(database, told, SETTINGS, START + timedelta(minutes=3)).sent == 0  # claimed for two minutes
    assert deliver(database, told, SETTINGS, START + timedelta(minutes=5)).sent == 1
    assert deliver(database, told, SETTINGS, START + timedelta(minutes=9)).sent == 0
    assert bodies[0] == bodies[1]
    assert "key fallen-" in bodies[0]


def test_who_is_killed_while_an_alert_is_kept_leaves_nothing_half_done(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    Operation(database, Hook_without_server()).runs(1, failed=3)
    duty, sent = EvaluateAlerts(database, OperationSettings(alerts=SETTINGS), Channels({})), list[str]()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as planted:
        planted.setattr("tools.alerts.book._queue", killed)
        with pytest.raises(KeyboardInterrupt):
            duty.perform(START + timedelta(minutes=2))
    assert open_alerts(database) == ()
    assert history(database, START) == ()
    for minute in (3, 4):
        duty.perform(START + timedelta(minutes=minute))
        deliver(database, lambda channel, *_: sent.append(channel) or "", SETTINGS, START + timedelta(minutes=minute))
    assert sent == ["hook"]


def test_two_processes_that_evaluate_at_once_tell_once(tmp_path: Path, database: Database) -> None:
    Operation(database, Hook_without_server()).runs(1, failed=3)
    settings, sent = OperationSettings(alerts=SETTINGS), list[str]()
    with open_database(tmp_path) as other:
        threads = [
            threading.Thread(
                target=EvaluateAlerts(each, settings, Channels({})).perform, args=(START + timedelta(minutes=2),)
            )
            for each in (database, other, database, other)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for each in (database, other):
            deliver(each, lambda channel, *_: sent.append(channel) or "", SETTINGS, START + timedelta(minutes=3))
    assert sent == ["hook"]
    assert len(open_alerts(database)) == 1


def test_a_rule_that_watches_change_fires_on_the_slope(database: Database) -> None:
    rule = AlertRule(name="rising", figure="runs", change=True, threshold=30, window_seconds=3600)
    settings = OperationSettings(alerts=AlertSettings(rules=(rule,)))
    operation = Operation(database, Hook_without_server())
    for minute in range(1, 5):
        operation.runs(minute, published=minute)
        EvaluateAlerts(database, settings, Channels({})).perform(START + timedelta(minutes=minute, seconds=1))
    (alert,) = [each for each in open_alerts(database) if each.rule == "rising"]
    assert alert.value > 60  # a hundred and more in an hour


def test_a_rule_that_is_gone_resolves_its_alert(database: Database) -> None:
    Operation(database, Hook_without_server()).runs(1, failed=3)
    EvaluateAlerts(database, OperationSettings(alerts=SETTINGS), Channels({})).perform(START + timedelta(minutes=2))
    assert open_alerts(database)
    EvaluateAlerts(database, OperationSettings(), Channels({})).perform(START + timedelta(minutes=3))
    assert not [alert for alert in open_alerts(database) if alert.rule == "fallen"]
    assert "the rule is gone" in [move.note for move in history(database, START) if move.rule == "fallen"]


def test_rules_and_policies_name_what_is_there() -> None:
    with pytest.raises(SetupError, match="did you mean 'health'"):
        check_rules(AlertSettings(rules=(AlertRule(name="x", figure="helth", threshold=1),)), ())
    with pytest.raises(SetupError, match=r"no channel 'mail'.*did you mean 'mails'"):
        check_rules(SETTINGS, ("hook", "mails"))
    check_rules(SETTINGS, ("hook", "mail"))


def test_an_address_that_is_none_is_told_without_it() -> None:
    fault = Channels({"x": SecretStr("nonsense-hidden")})("x", "title", "body")
    assert "not understood" in fault
    assert "hidden" not in fault
    assert "no such channel" in Channels({})("y", "title", "body")


def test_a_channel_that_is_slow_doubles_no_other_message(database: Database) -> None:
    first, minutes = START + timedelta(minutes=2), timedelta(minutes=3)
    Operation(database, Hook_without_server()).runs(1, failed=3)
    policy = EscalationPolicy(levels=(EscalationLevel(channels=("a", "b", "c")),))
    settings = AlertSettings(policies={"default": policy})
    EvaluateAlerts(database, OperationSettings(alerts=settings), Channels({})).perform(first)
    told: list[str] = []

    def other(_channel: str, _title: str, body: str) -> str:
        told.append(body.rpartition("key ")[2])
        return ""

    def slow(channel: str, title: str, body: str) -> str:
        other(channel, title, body)
        if len(told) == 1:  # it took so long that its claim ended, and another process looks
            deliver(database, other, settings, first + minutes)
        return ""

    deliver(database, slow, settings, first)
    assert len(told) > 3
    assert sorted(told[1:]) == sorted(set(told)), "only the one whose claim ended is sent by both"
