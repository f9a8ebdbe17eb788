import pytest
from hypothesis import given
from hypothesis import strategies as st

from algorithms.names import Lexicon, name_similarity, normal_name, split_words, word_similarity

ANY_WORDS = st.lists(st.text("abcdeors19", min_size=1, max_size=8), min_size=1, max_size=4).map(tuple)


def alike(left: str, right: str) -> float:
    return name_similarity(split_words(left), split_words(right))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("order_id", ("order", "id")),
        ("OrderID", ("order", "id")),
        ("OrderIDNumber", ("order", "id", "number")),
        ("Order No.", ("order", "no")),
        ("Order #", ("order", "no")),
        ("Address1", ("address", "1")),
        ("Country/Region", ("country", "region")),
        ("Long_", ("long",)),
        ("Straße-Größe", ("strasse", "grosse")),
        ("brewery-name", ("brewery", "name")),
        ("---", ()),
    ],
)
def test_words_of_a_name(name: str, words: tuple[str, ...]) -> None:
    assert split_words(name) == words


def test_normal_name_ignores_case_separators_and_diacritics() -> None:
    assert len({normal_name(name) for name in ("order_id", "OrderID", "ORDER ID", " órder-id ", "orderid")}) == 1


def test_a_name_of_signs_alone_stays_itself() -> None:
    assert normal_name(" -- ") == "--"
    assert normal_name("--") != normal_name("++")


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("qty", "quantity"),
        ("amt", "amount"),
        ("cust", "customer_id"),
        ("custid", "customer_id"),
        ("orderno", "order_number"),
        ("Order No.", "order_id"),
        ("dob", "date_of_birth"),
        ("cntry", "country"),
        ("Country/Region", "country"),
        ("Lat", "latitude"),
        ("Long_", "longitude"),
        ("last_updated", "last_update"),
        ("recieved_at", "received_at"),
        ("hosptl ownr", "hospital_owner"),
        ("schd_dp_tm", "sched_dep_time"),
        ("prices", "price"),
    ],
)
def test_names_that_mean_the_same(left: str, right: str) -> None:
    assert alike(left, right) > 0.62
    assert alike(right, left) == pytest.approx(alike(left, right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("latitude", "altitude"),
        ("quality", "quantity"),
        ("date", "data"),
        ("cost", "cust"),
        ("count", "country"),
        ("state", "status"),
        ("price", "prize"),
        ("address1", "address3"),
        ("first_name", "last_name"),
        ("billing_city", "shipping_city"),
        ("act_dep_time", "act_arr_time"),
        ("start_date", "end_date"),
        ("beer-name", "brewery-name"),
    ],
)
def test_names_that_mean_something_else(left: str, right: str) -> None:
    assert alike(left, right) < 0.55


def test_the_nearer_reading_of_an_abbreviation_is_worth_more() -> None:
    assert alike("br_nm", "beer_name") > alike("br_nm", "brewery_name")
    assert alike("cty", "city") > alike("cty", "county")
    assert alike("zip", "zip_code") > alike("zip", "phone_code")


def test_numbers_in_names_are_compared_as_numbers() -> None:
    assert word_similarity("01", "1") == 1.0
    assert word_similarity("1", "11") == 0.0
    assert word_similarity("1", "i") == 0.0


def test_an_affix_of_one_side_hardly_counts() -> None:
    names = [split_words(name) for name in ("src_id", "src_name", "src_city", "price")]
    lexicon = Lexicon(names, [("id",), ("name",), ("city",)])
    assert name_similarity(("src", "id"), ("id",), lexicon) > 0.95
    assert name_similarity(("src", "id"), ("id",)) < 0.8


def test_a_word_both_sides_have_is_no_affix() -> None:
    names = [split_words(name) for name in ("ship_id", "ship_name", "ship_city")]
    lexicon = Lexicon(names, [("id",), ("ship",)])
    assert lexicon.weight("ship") > 0.5


def test_words_of_many_names_count_less() -> None:
    lexicon = Lexicon([("beer", "name"), ("brewery", "name"), ("owner", "name")], [("beer", "name")])
    assert lexicon.weight("name") < lexicon.weight("beer") == 1.0


def test_joined_names_are_cut_at_known_words() -> None:
    lexicon = Lexicon([("brewery", "id"), ("brewery", "name")], [("breweryname",), ("breweries",)])
    assert lexicon.cut(("breweryname",)) == ("brewery", "name")
    assert lexicon.cut(("breweries",)) == ("breweries",)
    assert lexicon.cut(("breweryid", "x")) == ("brewery", "id", "x")


def test_names_of_very_many_words_and_letters_are_compared_quickly() -> None:
    many, long = tuple(f"w{number}" for number in range(3000)), ("x" * 50_000,)
    lexicon = Lexicon([many, long], [many])
    assert name_similarity(lexicon.cut(many), many, lexicon) == 1.0
    assert lexicon.cut(long) == long
    assert name_similarity(long, ("xx", "xxx"), lexicon) < 1.0


@given(ANY_WORDS, ANY_WORDS)
def test_similarity_is_between_nothing_and_the_same(left: tuple[str, ...], right: tuple[str, ...]) -> None:
    assert 0.0 <= name_similarity(left, right) <= 1.0
    assert name_similarity(left, left) == pytest.approx(1.0)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_can_be_a_name(left: str, right: str) -> None:
    words = split_words(left), split_words(right)
    lexicon = Lexicon([words[0]], [words[1]])
    assert 0.0 <= name_similarity(lexicon.cut(words[0]), lexicon.cut(words[1]), lexicon) <= 1.0
    assert all(word_similarity(a, b) == word_similarity(b, a) for a in words[0] for b in words[1])
