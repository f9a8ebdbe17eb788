"""Turning text back that was read in the wrong encoding: all of it or nothing, and nothing where two ways differ."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.diagnosis.garbling import rivals, transcoded

texts = st.text(alphabet=st.sampled_from("abc ,;\nüößéèñçàÅøœ€"), min_size=1, max_size=40)


@given(texts)
def test_what_was_read_as_another_encoding_turns_back(text: str) -> None:
    garbled = text.encode().decode("cp1252", errors="ignore")
    if garbled.encode("cp1252") == text.encode():
        assert transcoded(garbled, "cp1252", "utf-8") == text


@given(st.lists(st.sampled_from("üößéèñçàÅøœ€"), min_size=1).map("a".join))
def test_text_that_is_sound_is_not_touched(text: str) -> None:
    """A letter beyond ASCII among others is one byte of cp1252, which alone is no UTF-8."""
    assert transcoded(text, "cp1252", "utf-8") is None


@pytest.mark.parametrize(
    ("words", "others"),
    [(("Köln", "München", "Genève", "Orléans"), ()), (("Brøndby",), ("mac_roman",)), (("plain",), ())],
)
def test_encodings_that_make_other_words_of_it_are_told(words: tuple[str, ...], others: tuple[str, ...]) -> None:
    """Byte 9B is an o with a stroke in one code page and an o with a tilde in the other; of u it is told which is."""
    garbled = [word.encode("cp850").decode("cp1252", errors="backslashreplace") for word in words]
    assert rivals(garbled, "cp1252", "cp850") == others
