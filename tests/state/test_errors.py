from state.errors import ContractError, MillwrightError, SetupError


def test_an_error_is_one_line_with_where_what_and_hint() -> None:
    error = ContractError("two\nlines", where="a.yaml:3", hint="mend it")
    assert error.line() == "a.yaml:3: two lines (mend it)"
    assert isinstance(error, SetupError)
    assert isinstance(error, MillwrightError)


def test_where_and_hint_may_be_left_out() -> None:
    assert MillwrightError("what").line() == "what"
