import pytest
from pydantic import ValidationError

from state.models import ModelSettings


@pytest.mark.parametrize("address", ["ftp://x/v1", "http://", "http://me:secret@x/v1", "http://x/v1?key=secret"])
def test_an_address_with_a_secret_or_without_a_host_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        ModelSettings(name="m", base_url=address)


def test_none_can_be_said_in_words() -> None:
    settings = ModelSettings.model_validate({"temperature": "none", "seed": "none", "max_answer_tokens": "none"})
    assert (settings.temperature, settings.seed, settings.max_answer_tokens) == (None, None, None)
    assert not settings.configured
