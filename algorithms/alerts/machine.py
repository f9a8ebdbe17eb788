"""An alert as a state machine: readings, silence, acknowledgement and time move it; each move may tell somebody.

Pure: given the same alert, reading and time it gives the same alert and the same notifications with the same keys, so
that whoever keeps both in one transaction neither loses nor doubles one.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from state.alerts import Alert, AlertRule, AlertState, EscalationPolicy, Notification, Transition

LEGAL: Mapping[AlertState | None, frozenset[AlertState]] = {
    None: frozenset({AlertState.PENDING}),
    AlertState.PENDING: frozenset({AlertState.FIRING, AlertState.SILENCED, AlertState.RESOLVED}),
    AlertState.FIRING: frozenset({AlertState.ACKNOWLEDGED, AlertState.SILENCED, AlertState.RESOLVED}),
    AlertState.SILENCED: frozenset({AlertState.ACKNOWLEDGED, AlertState.FIRING, AlertState.RESOLVED}),
    AlertState.ACKNOWLEDGED: frozenset({AlertState.RESOLVED}),
    AlertState.RESOLVED: frozenset(),
}
"""From which state an alert may come into which; None: there is none yet."""


class Moved(NamedTuple):
    """What became of an alert."""

    alert: Alert | None  # None: there is none
    transitions: tuple[Transition, ...] = ()
    notifications: tuple[Notification, ...] = ()


class Setting(NamedTuple):
    """What an alert is judged by at one moment."""

    rule: AlertRule
    policy: EscalationPolicy
    channels: tuple[str, ...]  # names of all channels there are
    now: float
    silenced: bool = False


def observe(alert: Alert | None, value: float | None, setting: Setting) -> Moved:
    """Move an alert by a reading; without one (None) time and silence move it, and what is pending does not fire."""
    journey = _Journey(alert, setting)
    if value is not None:
        journey.read(value)
    journey.settle(read=value is not None)
    journey.escalate()
    return journey.ended()


def acknowledge(alert: Alert, by: str, note: str, now: float) -> Moved:
    """Let somebody take care of an alert; ValueError where it does not fire."""
    if AlertState.ACKNOWLEDGED not in LEGAL[alert.state]:
        raise ValueError(f"it is {alert.state.value}")
    update = {"state": AlertState.ACKNOWLEDGED, "acknowledged_by": by, "note": note}
    return Moved(alert.model_copy(update=update), (_transition(alert, AlertState.ACKNOWLEDGED, now, by, note),))


def withdraw(alert: Alert, now: float, note: str) -> Moved:
    """Resolve an alert whose rule is gone; nobody is told."""
    update = {"state": AlertState.RESOLVED, "resolved_at": now, "note": note}
    return Moved(alert.model_copy(update=update), (_transition(alert, AlertState.RESOLVED, now, "", note),))


class _Journey:
    """An alert on its way through one observation."""

    def __init__(self, alert: Alert | None, setting: Setting) -> None:
        self._alert, self._setting = alert, setting
        self._transitions: list[Transition] = []
        self._notifications: list[Notification] = []

    def ended(self) -> Moved:
        """Return what became of the alert."""
        return Moved(self._alert, tuple(self._transitions), tuple(self._notifications))

    def read(self, value: float) -> None:
        """Begin, go on or end by a reading."""
        rule, now = self._setting.rule, self._setting.now
        if self._alert is None:
            if rule.holds(value):
                self._begin(value)
            return
        self._alert = self._alert.model_copy(update={"value": value})
        if self._alert.state is AlertState.PENDING:
            if not rule.holds(value):
                self._to(AlertState.RESOLVED, resolved_at=now)
        elif not rule.clears(value):
            self._alert = self._alert.model_copy(update={"cleared_since": None})
        elif self._alert.cleared_since is None:
            self._alert = self._alert.model_copy(update={"cleared_since": now})

    def settle(self, *, read: bool) -> None:
        """Let time and silence do what they do; nothing fires for a condition that was not `read` to hold still."""
        alert, setting = self._alert, self._setting
        if alert is None or not alert.open:
            return
        if alert.cleared_since is not None and setting.now - alert.cleared_since >= setting.rule.clear_seconds:
            self._resolve(alert)
        elif alert.state is AlertState.PENDING:
            if read and setting.now - alert.since >= setting.rule.for_seconds:
                self._to(AlertState.SILENCED if setting.silenced else AlertState.FIRING, fired_at=setting.now)
        elif alert.state is AlertState.FIRING and setting.silenced:
            self._to(AlertState.SILENCED)
        elif alert.state is AlertState.SILENCED and not setting.silenced:
            self._to(AlertState.FIRING, fired_at=setting.now)

    def escalate(self) -> None:
        """Tell the levels whose time has come, and the last one again where the policy says so."""
        alert, policy, now = self._alert, self._setting.policy, self._setting.now
        if alert is None or alert.state is not AlertState.FIRING or alert.fired_at is None:
            return
        level = alert.level
        while level < len(policy.levels) and now - alert.fired_at >= policy.levels[level].after_seconds:
            self._tell(policy.levels[level].channels, f"level-{level + 1}")
            level += 1
            self._update(level=level, told_at=now)
        told_at = alert.told_at
        again = policy.repeat_seconds > 0 and told_at is not None and now - told_at >= policy.repeat_seconds
        if again and level == alert.level and level >= len(policy.levels):
            self._tell(policy.levels[-1].channels, f"again-{alert.repeats + 1}")
            self._update(repeats=alert.repeats + 1, told_at=now)

    def _begin(self, value: float) -> None:
        rule, now = self._setting.rule, self._setting.now
        self._alert = Alert(
            alert_id=f"{rule.name}-{round(now * 1000)}",
            rule=rule.name,
            state=AlertState.PENDING,
            severity=rule.severity,
            since=now,
            value=value,
            threshold=rule.threshold,
        )
        self._transitions.append(_transition(self._alert, AlertState.PENDING, now, first=True))

    def _resolve(self, alert: Alert) -> None:
        quiet = alert.state is AlertState.SILENCED or not self._setting.policy.tell_resolved
        self._to(AlertState.RESOLVED, resolved_at=self._setting.now)
        if not quiet and alert.told:
            self._tell(alert.told, "resolved")

    def _to(self, state: AlertState, **update: float) -> None:
        assert self._alert is not None  # noqa: S101  whoever calls has looked
        if state not in LEGAL[self._alert.state]:
            raise AssertionError(f"an alert cannot go from {self._alert.state} to {state}")
        self._transitions.append(_transition(self._alert, state, self._setting.now))
        self._update(state=state, **update)

    def _update(self, **update: object) -> None:
        assert self._alert is not None  # noqa: S101
        self._alert = self._alert.model_copy(update=update)

    def _tell(self, named: Sequence[str], event: str) -> None:
        """Tell channels; without names all of them."""
        assert self._alert is not None  # noqa: S101
        alert, rule = self._alert, self._setting.rule
        channels = tuple(named) or self._setting.channels
        for channel in channels:
            self._notifications.append(
                Notification(
                    key=f"{alert.alert_id}/{event}/{channel}",
                    alert_id=alert.alert_id,
                    channel=channel,
                    title=_title(alert, event),
                    body=_body(alert, rule, event),
                )
            )
        if event != "resolved":
            self._update(told=tuple(dict.fromkeys((*alert.told, *channels))))


def _transition(
    alert: Alert, after: AlertState, now: float, by: str = "", note: str = "", *, first: bool = False
) -> Transition:
    before = None if first else alert.state
    return Transition(
        alert_id=alert.alert_id,
        rule=alert.rule,
        at=now,
        before=before,
        after=after,
        value=alert.value,
        by=by,
        note=note,
    )


def _title(alert: Alert, event: str) -> str:
    word = "resolved" if event == "resolved" else alert.severity.value
    return f"[millwright] {word}: {alert.rule}"


def _body(alert: Alert, rule: AlertRule, event: str) -> str:
    figure = f"change of {rule.figure} in an hour" if rule.change else rule.figure
    lines = [
        f"{figure} is {alert.value:.4g}; the rule {alert.rule!r} wants it not {rule.when} {rule.threshold:.4g}.",
        f"alert {alert.alert_id}, {event}",
    ]
    if event != "resolved":
        lines.append(f"take care of it: millwright alerts --ack {alert.alert_id} --by NAME")
    return "\n".join(lines)
