import pytest

from app.settings import load_settings
from state.errors import SetupError


def test_how_long_a_voter_is_waited_for_is_set_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().context().consensus_timeout == 60
    monkeypatch.setenv("MILLWRIGHT_CONSENSUS_TIMEOUT", "2.5")
    assert load_settings().context().consensus_timeout == 2.5
    monkeypatch.setenv("MILLWRIGHT_CONSENSUS_TIMEOUT", "0")
    with pytest.raises(SetupError) as refused:
        load_settings()
    assert refused.value.where == "MILLWRIGHT_CONSENSUS_TIMEOUT"
