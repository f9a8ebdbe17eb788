"""Evaluating the rules: figures are read from the production report, alerts are moved and kept."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from algorithms.alerts.machine import Moved, Setting, observe, withdraw
from algorithms.alerts.trends import trend_of
from algorithms.metrics.figures import reading
from state.alerts import Alert, AlertRule, AlertSettings, Silence
from state.production import ProductionReport
from tools.alerts.book import OvertakenError, keep, read_readings, silences, take_readings
from tools.alerts.tables import OPEN
from tools.database.database import Database
from tools.metrics.report import production_report

GONE = "the rule is gone"


def evaluate(database: Database, settings: AlertSettings, channels: Sequence[str], now: datetime) -> tuple[Moved, ...]:
    """Read all figures, move all alerts and return what moved; who was overtaken by another process leaves it to it."""
    values = _read(database, settings, now)
    return _move_all(database, settings, channels, now, values, look_for_new=True)


def escalate(database: Database, settings: AlertSettings, channels: Sequence[str], now: datetime) -> tuple[Moved, ...]:
    """Let time alone move the open alerts."""
    return _move_all(database, settings, channels, now, {}, look_for_new=False)


def _read(database: Database, settings: AlertSettings, now: datetime) -> dict[str, float | None]:
    """Return the reading of each rule, and keep the figures for their trends."""
    rules = settings.in_force()
    reports: dict[float, ProductionReport] = {}
    for seconds in {rule.window_seconds for rule in rules}:
        reports[seconds] = production_report(database, now, timedelta(seconds=seconds))
    figures = {rule.name: reading(reports[rule.window_seconds], rule.figure) for rule in rules}
    kept = {rule.name: value for rule in rules if (value := figures[rule.name]) is not None}
    with suppress(IntegrityError):  # another process reads at the same moment, and keeps the same
        database.perform(lambda connection: take_readings(connection, kept, now))
    return {rule.name: _change(database, rule, now) if rule.change else figures[rule.name] for rule in rules}


def _change(database: Database, rule: AlertRule, now: datetime) -> float | None:
    trend = trend_of(read_readings(database, rule.name, now.timestamp() - rule.window_seconds))
    return None if trend is None else trend.per_hour


def _move_all(
    database: Database,
    settings: AlertSettings,
    channels: Sequence[str],
    now: datetime,
    values: Mapping[str, float | None],
    *,
    look_for_new: bool,
) -> tuple[Moved, ...]:
    quiet = silences(database, now)
    rows = database.look(lambda connection: connection.execute(select(OPEN)).all())
    held = {row.rule: (Alert.model_validate_json(row.record), int(row.version)) for row in rows}
    rules = {rule.name: rule for rule in settings.in_force()}
    moved = []
    for name in sorted({*held, *rules} if look_for_new else held):
        alert, version = held.get(name, (None, 0))
        step = _step(alert, rules.get(name), settings, tuple(channels), now, quiet, values.get(name))
        if step.alert != alert or step.transitions or step.notifications:
            with suppress(OvertakenError, IntegrityError):
                database.perform(partial(keep, moved=step, version=version, now=now))
                moved.append(step)
    return tuple(moved)


def _step(
    alert: Alert | None,
    rule: AlertRule | None,
    settings: AlertSettings,
    channels: tuple[str, ...],
    now: datetime,
    quiet: Sequence[Silence],
    value: float | None,
) -> Moved:
    at = now.timestamp()
    if rule is None:
        return withdraw(alert, at, GONE) if alert else Moved(None)
    silenced = any(each.covers(rule.name, at) for each in quiet)
    return observe(alert, value, Setting(rule, settings.policy(rule.policy), channels, at, silenced))
