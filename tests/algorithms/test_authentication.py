"""Tags: they fit their text and signer, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.consensus.authentication import Authenticator, derived_codes, derived_signatures

PRINCIPALS = (1, 2, 7)
SCHEMES = {"signatures": derived_signatures("seed", PRINCIPALS), "codes": derived_codes("seed", PRINCIPALS)}


@pytest.fixture(params=sorted(SCHEMES))
def keys(request: pytest.FixtureRequest) -> dict[int, Authenticator]:
    return SCHEMES[request.param]


@given(st.sampled_from(sorted(SCHEMES)), st.text(max_size=20), st.text(max_size=20))
def test_a_tag_fits_its_text_and_signer_for_all_and_nothing_else(scheme: str, text: str, other: str) -> None:
    keys = SCHEMES[scheme]
    tag = keys[1].sign(text)
    assert all(keys[reader].verify(1, text, tag) for reader in PRINCIPALS)
    assert not any(keys[reader].verify(2, text, tag) for reader in PRINCIPALS)
    assert other == text or not any(keys[reader].verify(1, other, tag) for reader in PRINCIPALS)


@pytest.mark.parametrize("tag", ["", "00", "no hexadecimal", "f" * 128])
def test_what_is_no_tag_is_refused(keys: dict[int, Authenticator], tag: str) -> None:
    assert not any(keys[reader].verify(1, "text", tag) for reader in PRINCIPALS)


def test_a_stranger_is_refused(keys: dict[int, Authenticator]) -> None:
    assert not keys[1].verify(9, "text", keys[2].sign("text"))


def test_the_same_seed_gives_the_same_keys_and_another_gives_others() -> None:
    for derived, known in ((derived_signatures, SCHEMES["signatures"]), (derived_codes, SCHEMES["codes"])):
        tag = derived("seed", PRINCIPALS)[1].sign("text")
        assert known[2].verify(1, "text", tag)
        assert not known[2].verify(1, "text", derived("other", PRINCIPALS)[1].sign("text"))


def test_a_reader_of_codes_cannot_make_one_for_another_reader() -> None:
    keys = SCHEMES["codes"]
    made = keys[2].sign("text")  # with all keys that the second has
    assert not keys[7].verify(1, "text", made)
