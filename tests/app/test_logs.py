import logging

from app.logs import log_as
from state.operation import OperationSettings


def test_the_level_is_that_of_the_settings_and_talkative_libraries_stay_quiet() -> None:
    root = logging.getLogger()
    before, quiet = root.level, {name: logging.getLogger(name).level for name in ("httpx", "apprise")}
    try:
        log_as(OperationSettings(log_level="debug"))
        assert root.level == logging.DEBUG
        assert not logging.getLogger("httpx").isEnabledFor(logging.INFO)
        log_as(OperationSettings(log_level="error"))
        assert not logging.getLogger("apprise").isEnabledFor(logging.WARNING)
    finally:
        root.setLevel(before)
        for name, level in quiet.items():
            logging.getLogger(name).setLevel(level)
