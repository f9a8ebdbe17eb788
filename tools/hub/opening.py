"""Which hub is used: Redis where `REDIS_URL` names one that answers, else the one within this process."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from state.errors import TransientError
from state.hub import Hub, HubSettings
from state.signing import Verifier
from tools.hub.fallback import FallbackHub
from tools.hub.local import LocalHub
from tools.settings.secrets import load_secrets

WITHIN = "within the process"
ON_REDIS = "on Redis"


class OpenHub(NamedTuple):
    """A hub for a while, and which one it is."""

    hub: Hub
    fallback: FallbackHub | None = None
    missing: str = ""  # why Redis is not used though it was asked for

    @property
    def fault(self) -> str:
        """Why messages are not kept where they should be; empty where they are."""
        return self.fallback.fault if self.fallback else self.missing

    @property
    def told(self) -> str:
        """Where messages are kept, and why not where they should be."""
        if self.fault:
            return f"{WITHIN}: {self.fault}"
        return ON_REDIS if self.fallback else WITHIN


@contextmanager
def open_hub(verifier: Verifier, settings: HubSettings, name: str) -> Iterator[OpenHub]:
    """Open mailboxes that nobody else has; those in Redis are removed at the end.

    The address, which may hold a password, is read from environment or settings where it is used, and kept nowhere.
    """
    url = load_secrets().redis_url
    local = LocalHub(verifier, settings)
    if url is None:
        yield OpenHub(local)
        return
    # Late, as most runs have no Redis; it may not be installed either.
    try:
        from tools.hub.redis_streams import RedisHub, connect  # noqa: PLC0415
    except ModuleNotFoundError:
        yield OpenHub(local, missing="REDIS_URL is set and the extra 'redis' is not installed")
        return
    with connect(url.get_secret_value()) as client:
        remote = RedisHub(client, verifier, settings, namespace=f"{name}:{secrets.token_hex(4)}")
        hub = FallbackHub(remote, local)
        try:
            yield OpenHub(hub, hub)
        finally:
            with suppress(TransientError):
                remote.remove()
