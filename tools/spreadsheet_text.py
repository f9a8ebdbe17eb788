"""Text in spreadsheets: made harmless on the way out, given back as it was on the way in.

A spreadsheet takes a cell that begins with one of a few signs for a formula. One apostrophe in front makes it text
again. Text that begins with an apostrophe itself gets one too, so that taking it away is exact for every text.
"""

FORMULA_SIGNS = "=+-@\t\r\n＝＋－＠"
"""What a formula may begin with; the wide forms count where spreadsheets read Chinese or Japanese."""

_MARK = "'"


def protect(text: str) -> str:
    """Return the text as a cell that no spreadsheet takes for a formula."""
    return _MARK + text if text.startswith((*FORMULA_SIGNS, _MARK)) else text


def unprotect(cell: str) -> str:
    """Return the text that `protect` made the cell of; a cell it did not mark is returned as it is."""
    return cell[1:] if cell[:1] == _MARK and cell[1:].startswith((*FORMULA_SIGNS, _MARK)) else cell
