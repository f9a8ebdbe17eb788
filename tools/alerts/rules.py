"""Whether the rules and policies of the settings name figures and channels that are there."""

from collections.abc import Sequence

from algorithms.metrics.figures import FIGURES
from state.alerts import AlertSettings
from state.errors import SetupError
from tools.settings.nearest import did_you_mean


def check_rules(settings: AlertSettings, channels: Sequence[str]) -> None:
    """Raise SetupError where a rule watches a figure, or an escalation tells a channel, that is not there."""
    for rule in settings.in_force():
        if rule.figure not in FIGURES:
            hint = did_you_mean(rule.figure, FIGURES)
            raise SetupError(f"there is no figure {rule.figure!r}", where=f"alert rule {rule.name!r}", hint=hint)
    for name, policy in settings.policies.items():
        for channel in (channel for level in policy.levels for channel in level.channels):
            if channel not in channels:
                hint = did_you_mean(channel, channels) if channels else "add it under [secrets.channels]"
                raise SetupError(f"there is no channel {channel!r}", where=f"escalation policy {name!r}", hint=hint)
