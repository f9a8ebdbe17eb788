from hypothesis import given
from hypothesis import strategies as st

from tools.spreadsheet_text import FORMULA_SIGNS, protect, unprotect

texts = st.text() | st.builds(str.__add__, st.sampled_from([*FORMULA_SIGNS, "'", "''", "'=", " "]), st.text())


@given(texts)
def test_what_is_protected_comes_back_as_it_was(text: str) -> None:
    assert unprotect(protect(text)) == text


@given(texts)
def test_no_protected_text_begins_as_a_formula(text: str) -> None:
    assert not protect(text).startswith(tuple(FORMULA_SIGNS))


@given(texts)
def test_protecting_adds_one_apostrophe_or_nothing(text: str) -> None:
    assert protect(text) in (text, f"'{text}")


def test_an_apostrophe_that_no_export_put_there_stays() -> None:
    assert unprotect("'tis") == "'tis"
    assert unprotect("'") == "'"
    assert unprotect("rock 'n' roll") == "rock 'n' roll"


def test_the_round_trip_test_finds_a_pair_that_forgets_the_apostrophe() -> None:
    def forgetful(text: str) -> str:
        return f"'{text}" if text.startswith(tuple(FORMULA_SIGNS)) else text

    assert unprotect(forgetful("'=1")) != "'=1"
