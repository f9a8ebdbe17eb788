"""A pattern induced from texts: the signs, letters and digits they are made of, and how many of each.

Texts are cut into runs of digits, capitals, small letters and signs. Texts with the same run of kinds make one form;
a form says for each run its text, where it is always the same, or its kind and length. A pattern that says nothing
damage would break (a run of letters of any length) is not written.
"""

import re
from collections import defaultdict
from collections.abc import Sequence

_RUN = re.compile(r"[0-9]+|[A-Z]+|[a-z]+|[^A-Za-z0-9]")
_FEWEST = 30
"""Different texts from which a form is believed: one that fits so many by chance would be a loose one."""

_MOST_FORMS = 3
_FORM_SHARE = 0.05  # of the texts, that each form needs
_MOST_RUNS = 16
_MANY_DIGITS = 7  # different first digits that show that numbers of this length are spread over all there are
_KINDS = {"9": "[0-9]", "A": "[A-Z]", "a": "[a-z]"}
EMAIL = r"^[^@\s]+@[^@\s]+\.[^@\s.]+$"


def induce_pattern(samples: Sequence[str], *, code: bool = False) -> str | None:
    """Return a regular expression (ECMA-262) that all texts match, None when there is none worth writing.

    The digits of a `code` do not grow in number; those of other texts may, unless zeros fill them up.
    """
    if len(samples) < _FEWEST:
        return None
    if all(re.search(EMAIL, text) for text in samples):
        return EMAIL
    forms: dict[str, list[list[str]]] = defaultdict(list)
    for text in samples:
        runs = _RUN.findall(text)
        if not text.isascii() or "".join(runs) != text or len(runs) > _MOST_RUNS:
            return None
        forms["".join(map(_kind, runs))].append(runs)
    if len(forms) > _MOST_FORMS or min(map(len, forms.values())) < _FORM_SHARE * len(samples):
        return None
    written = sorted(_form(members, code=code) for members in forms.values())
    if not all(_tells(form) for form in written):
        return None
    return f"^{written[0]}$" if len(written) == 1 else f"^(?:{'|'.join(written)})$"


def _kind(run: str) -> str:
    if run.isdigit():
        return "9"
    return "A" if run.isupper() else "a" if run.islower() else run


def _form(members: Sequence[Sequence[str]], *, code: bool) -> str:
    return "".join(_piece([runs[position] for runs in members], code=code) for position in range(len(members[0])))


def _piece(runs: Sequence[str], *, code: bool) -> str:
    """Return what stands for one run: its text, where it is the same in enough texts, or its kind and length."""
    kind = _kind(runs[0])
    if kind not in _KINDS:
        return re.sub(r"([\\^$.*+?()\[\]{}|/])", r"\\\1", kind)
    if len(set(runs)) == 1 and kind != "9":
        return runs[0]
    sizes = {len(run) for run in runs}
    if len(sizes) > 1:
        return f"{_KINDS[kind]}+"
    size = sizes.pop()
    spread = any(run.startswith("0") for run in runs) or len({run[0] for run in runs}) >= _MANY_DIGITS
    grows = kind == "9" and not (code or spread)
    return f"{_KINDS[kind]}{{{size},}}" if grows else f"{_KINDS[kind]}{{{size}}}" if size > 1 else _KINDS[kind]


def _tells(form: str) -> bool:
    """Whether damage would break the form: it has a digit and something fixed."""
    return "[0-9]" in form and (re.search(r"\{\d+,?\}", form) is not None or re.sub(r"\[[^]]*\][+]?", "", form) != "")
