"""Channels that people are told through, by apprise. Their addresses hold secrets: no message or log shows one."""

import logging
from collections.abc import Mapping

from pydantic import SecretStr

MISSING = "the extra 'alerts' is not installed: pip install 'millwright[alerts]'"


class Channels:
    """Tells channels by name; each may have several addresses with spaces between."""

    def __init__(self, addresses: Mapping[str, SecretStr]) -> None:
        self._addresses = dict(addresses)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all channels."""
        return tuple(sorted(self._addresses))

    def __call__(self, channel: str, title: str, body: str) -> str:
        """Tell a channel; return what went wrong, or nothing."""
        if channel not in self._addresses:
            return "there is no such channel in [secrets.channels]"
        try:
            import apprise  # noqa: PLC0415  takes a quarter of a second, and most processes tell nobody
        except ModuleNotFoundError:
            return MISSING
        _hush()
        target = apprise.Apprise()
        for address in self._addresses[channel].get_secret_value().split():
            if not target.add(address):
                return "an address is not understood (docs/alerts.md says how they are written)"
        try:
            told = target.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT)
        except Exception as error:  # noqa: BLE001  plugins of many services; the text of an error may hold an address
            return f"it failed with {type(error).__name__}"
        return "" if told else "it did not take the message"


def _hush() -> None:
    """Keep apprise's log, which shows addresses, from every handler."""
    log = logging.getLogger("apprise")
    log.propagate = False
    if not log.handlers:
        log.addHandler(logging.NullHandler())
