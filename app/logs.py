"""The log of this process on standard error, as `operation.log_level` says."""

import logging
import sys

from state.operation import OperationSettings

_TALKATIVE = ("apprise", "httpx", "httpcore", "urllib3", "sqlalchemy.engine")
"""Libraries whose chatter shows addresses, which may hold passwords, or statements with values: warnings alone."""


def log_as(settings: OperationSettings) -> None:
    """Log what is at least as bad as the settings say."""
    level = getattr(logging, settings.log_level.upper())
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger().setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
