"""`millwright alerts`: list, acknowledge, silence, history, figures, a test of the channels."""

import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from app.durations import duration
from app.operation_database import open_operation
from app.progress import printable
from app.render import print_json
from app.settings import Settings, load_settings
from app.status_text import moment
from state.errors import SetupError
from state.values import Value

if TYPE_CHECKING:
    from tools.database.database import Database

_HISTORY = timedelta(days=30)
_TREND = 3600.0


class AlertOptions(Value):
    """The options of `millwright alerts`."""

    ack: str = ""
    by: str = ""
    note: str = ""
    silence: str = ""
    silence_for: str = "1h"
    end_silence: str = ""
    history: bool = False
    figures: bool = False
    test: bool = False
    as_json: bool = False


def alerts(options: AlertOptions) -> int:
    """Do what the options say; return 0, or 1 when a channel could not be told in a test."""
    settings, now = load_settings(), datetime.now(UTC)
    if options.figures:
        return _figures(as_json=options.as_json)
    if options.test:
        return _test(as_json=options.as_json)
    with open_operation(settings) as database:
        if options.ack:
            return _acknowledge(database, options, now)
        if options.silence or options.end_silence:
            return _silence(database, settings, options, now)
        if options.history:
            return _history(database, now, as_json=options.as_json)
        return _list(database, settings, now, as_json=options.as_json)


def _list(database: "Database", settings: Settings, now: datetime, *, as_json: bool) -> int:
    from tools.alerts.book import open_alerts, silences
    from tools.alerts.outbox import channel_faults

    found, quiet, faults = open_alerts(database), silences(database, now), channel_faults(database)
    trends = _trends(database, settings, now)
    if as_json:
        listed = [alert.model_dump(mode="json") for alert in found]
        silent = [each.model_dump(mode="json") for each in quiet]
        print_json({"alerts": listed, "silences": silent, "trends": trends, "channel_faults": list(faults)})
        return 0
    lines = [
        f"{alert.severity.value:<9}{alert.state.value:<13}{alert.alert_id}: {alert.value:.4g}, threshold "
        f"{alert.threshold:.4g}, since {moment(alert.since)} {alert.acknowledged_by}".rstrip()
        for alert in found
    ]
    lines += [f"silent   {each.rule} until {moment(each.ends)} by {each.by} ({each.silence_id})" for each in quiet]
    lines += [f"trend    {each['told']}" for each in trends]
    _print([*(lines or ["no alert is open"]), *faults])
    return 0


def _trends(database: "Database", settings: Settings, now: datetime) -> list[dict[str, Any]]:
    """Return the trends that will cross the threshold of a rule."""
    from algorithms.alerts.trends import crossing_of, trend_of
    from tools.alerts.book import read_readings

    found = []
    for rule in settings.operation.alerts.in_force():
        since = now.timestamp() - max(_TREND, rule.window_seconds)
        trend = None if rule.change else trend_of(read_readings(database, rule.name, since))
        crossing = crossing_of(trend, rule.threshold, rule.when) if trend else None
        if trend is None or crossing is None:
            continue
        latest = moment(crossing.latest) if crossing.latest is not None else "never"
        told = (
            f"{rule.name}: {rule.figure} changes by {trend.per_hour:.3g} an hour ({trend.low:.3g} to {trend.high:.3g}) "
            f"and is {rule.when} {rule.threshold:.4g} at {moment(crossing.likely)} "
            f"({moment(crossing.soonest)} to {latest})"
        )
        crosses = crossing.model_dump(mode="json")
        found.append({"rule": rule.name, "trend": trend.model_dump(mode="json"), "crossing": crosses, "told": told})
    return found


def _acknowledge(database: "Database", options: AlertOptions, now: datetime) -> int:
    from tools.alerts.book import acknowledge

    if not options.by:
        raise SetupError("who takes care of it is not said", where="--by", hint="give --by NAME")
    alert = acknowledge(database, options.ack, by=options.by, note=options.note, now=now)
    _told({"acknowledged": alert.alert_id, "by": options.by}, f"acknowledged {alert.alert_id} by {options.by}", options)
    return 0


def _silence(database: "Database", settings: Settings, options: AlertOptions, now: datetime) -> int:
    from tools.alerts.book import end_silence, silence
    from tools.settings.nearest import did_you_mean

    if options.end_silence:
        if not end_silence(database, options.end_silence):
            raise SetupError(f"there is no silence {options.end_silence!r}", hint="millwright alerts lists them")
        _told({"ended": options.end_silence}, f"ended silence {options.end_silence}", options)
        return 0
    rules = [rule.name for rule in settings.operation.alerts.in_force()]
    if options.silence not in (*rules, "*"):
        hint = did_you_mean(options.silence, [*rules, "*"])
        raise SetupError(f"there is no rule {options.silence!r}", where="--silence", hint=hint)
    ends = now + duration(options.silence_for, "--for")
    made = silence(database, options.silence, ends=ends, by=options.by, note=options.note, now=now)
    _told(made.model_dump(mode="json"), f"silent: {made.rule} until {moment(made.ends)} ({made.silence_id})", options)
    return 0


def _history(database: "Database", now: datetime, *, as_json: bool) -> int:
    from tools.alerts.book import history

    found = history(database, now - _HISTORY)
    if as_json:
        print_json({"history": [each.model_dump(mode="json") for each in found]})
        return 0
    lines = [
        f"{moment(each.at)}  {each.alert_id}: {each.before.value if each.before else 'nothing'} to {each.after.value}"
        f" at {each.value:.4g}{f' by {each.by}' if each.by else ''}{f' ({each.note})' if each.note else ''}"
        for each in found
    ]
    _print(lines or ["nothing happened in 30 days"])
    return 0


def _figures(*, as_json: bool) -> int:
    from algorithms.metrics.figures import FIGURES

    if as_json:
        print_json({"figures": {name: told for name, (told, _) in FIGURES.items()}})
    else:
        _print([f"{name:<20}{told}" for name, (told, _) in FIGURES.items()])
    return 0


def _test(*, as_json: bool) -> int:
    """Tell every channel that this is a test."""
    from tools.alerts.channels import Channels
    from tools.settings.secrets import load_secrets

    channels = Channels(load_secrets().channels)
    if not channels.names:
        hint = "add one under [secrets.channels] of millwright.toml"
        raise SetupError("there is no channel to test", where="[secrets.channels]", hint=hint)
    body = "This is a test of a channel; nothing is wrong."
    faults = {name: channels(name, "[millwright] test", body) for name in channels.names}
    if as_json:
        print_json({"channels": faults})
    else:
        _print([f"{name}: {fault or 'told'}" for name, fault in faults.items()])
    return 1 if any(faults.values()) else 0


def _told(content: dict[str, Any], line: str, options: AlertOptions) -> None:
    if options.as_json:
        print_json(content)
    else:
        _print([line])


def _print(lines: Iterable[str]) -> None:
    sys.stdout.write("".join(f"{printable(line)}\n" for line in lines))
