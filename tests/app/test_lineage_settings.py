"""Where lineage is sent, as the environment says it."""

import pytest

from app.settings import load_lineage_target, load_settings
from state.errors import SetupError

ADDRESS = "http://user:pa55word@localhost:5000/base"


def test_without_settings_the_file_is_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MILLWRIGHT_LINEAGE_URL", "OPENLINEAGE_URL"):
        monkeypatch.delenv(name, raising=False)
    assert load_lineage_target().url is None


@pytest.mark.parametrize("prefix", ["MILLWRIGHT_LINEAGE", "OPENLINEAGE"])
def test_our_variables_and_those_of_the_standard_count(monkeypatch: pytest.MonkeyPatch, prefix: str) -> None:
    monkeypatch.setenv(f"{prefix}_URL", ADDRESS)
    monkeypatch.setenv(f"{prefix}_API_KEY", "s3cret")
    monkeypatch.setenv(f"{prefix}_NAMESPACE", "prod")
    target = load_lineage_target()
    assert (target.url, target.namespace) == (ADDRESS, "prod")
    assert target.api_key is not None
    assert target.api_key.get_secret_value() == "s3cret"
    assert target.shown == "http://localhost:5000/base/api/v1/lineage"
    assert "pa55word" not in repr(target)
    for text in (repr(target), target.model_dump_json(), load_settings().model_dump_json()):
        assert "s3cret" not in text
    monkeypatch.setenv(f"{prefix}_DISABLED", "true")
    assert load_lineage_target().url is None


def test_ours_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", "http://theirs")
    monkeypatch.setenv("MILLWRIGHT_LINEAGE_URL", "http://ours")
    assert load_lineage_target().url == "http://ours"


@pytest.mark.parametrize("address", ["ftp://x/pa55word", "pa55word", "http://"])
def test_an_address_that_is_none_is_told_by_its_variable_alone(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("OPENLINEAGE_URL", address)
    monkeypatch.delenv("MILLWRIGHT_LINEAGE_URL", raising=False)
    with pytest.raises(SetupError, match="OPENLINEAGE_URL") as caught:
        load_lineage_target()
    assert "pa55word" not in caught.value.line()
