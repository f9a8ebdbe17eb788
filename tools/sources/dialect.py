"""Finds how a text file is cut into fields: the delimiter and the quote, with the evidence for them."""

from collections import Counter

from state.values import Value
from tools.sources.records import LINE_ENDS, parse_record

SAMPLE_LINES = 200
SAMPLE_CHARACTERS = 1 << 16
NO_DELIMITERS = "\x1f\x1e\x1d\x1c"
"""Delimiters of a one-column file: the first that its sample does not hold, so that every line is one field."""

_CANDIDATES = (",", ";", "\t", "|", ":", "^", "~", "\x1f", " ")
_BY_EXTENSION = {".tsv": "\t", ".tab": "\t", ".psv": "|"}
_ENOUGH = 0.9  # share of lines with as many fields as the header
_SOME = 0.3  # the same, for the delimiter that the extension stands for
_SPACE_FIELDS = 3  # a blank cuts words too: it is believed only with that many fields in every line
_SPACE_LINES = 5
_DETECTOR_CHARACTERS = 4000  # its time grows with the sample: about 1 ms per 1,000 characters


class Cut(Value):
    """The delimiter and quote of a file and why."""

    delimiter: str
    quote: str
    evidence: str


class _Tally(Value):
    """How a delimiter cuts the sample: fields of the header, lines, and lines with as many fields.

    `uniform` counts the lines with the most frequent number of fields above one, the header's or another.
    """

    delimiter: str
    fields: int
    agreeing: int
    lines: int
    uniform: int

    @property
    def share(self) -> float:
        """Return the part of the lines that have as many fields as the header."""
        return self.agreeing / max(1, self.lines)

    def __str__(self) -> str:
        return f"{self.delimiter!r} gives {self.fields} fields in {self.agreeing} of {self.lines} lines"


Memory = dict[tuple[str, str], tuple[str, str]]
"""What clevercsv said of a header line and extension: files of one kind need be asked about once."""


def sniff_dialect(lines: tuple[str, ...], extension: str = "", memory: Memory | None = None) -> Cut:
    """Return how the sample is cut: physical `lines` with their ends, from the header on.

    Every delimiter that cuts the header is counted over the sample; the one with which most lines have as many fields
    as the header wins, clevercsv decides between equals. `extension` (".tsv") is a hint of what was meant.
    """
    header = lines[0].strip(LINE_ENDS) if lines else ""
    delimiters = [delimiter for delimiter in _CANDIDATES if delimiter in header]
    told, quote = _ask(header, "".join(lines)[:_DETECTOR_CHARACTERS], extension, {} if memory is None else memory)
    if quote == "'" and not _single_quoted(lines, told):
        quote = '"'
    tallies = [_count(lines, delimiter, quote) for delimiter in delimiters]
    fitting = [tally for tally in tallies if _fits(tally, extension)]
    if not fitting:
        unused = next((sign for sign in NO_DELIMITERS if not any(sign in line for line in lines)), NO_DELIMITERS[-1])
        return Cut(delimiter=unused, quote=quote, evidence=_one_column(tallies))
    meant = _BY_EXTENSION.get(extension, "")
    best = max(
        fitting, key=lambda tally: (tally.share, tally.delimiter == meant, tally.delimiter == told, tally.fields)
    )
    return Cut(delimiter=best.delimiter, quote=quote, evidence=f"{best}; {_opinion(told, best.delimiter)}")


def _ask(header: str, sample: str, extension: str, memory: Memory) -> tuple[str, str]:
    """Return the delimiter and the quote that clevercsv finds, empty where it has no opinion."""
    if (header, extension) not in memory:
        # A header longer than the sample shows it no line at all.
        memory[header, extension] = _detect(sample) if len(header) < len(sample) else ("", "")
    told, quote = memory[header, extension]
    return told, quote or '"'


def _detect(sample: str) -> tuple[str, str]:
    from clevercsv.detect import Detector  # noqa: PLC0415  costs 150 ms, which most commands need not pay
    from clevercsv.exceptions import Error  # noqa: PLC0415

    try:
        found = Detector().detect(sample.replace("\0", " "), delimiters=_CANDIDATES)
    except Error:
        return "", ""
    return (found.delimiter or "", found.quotechar or "") if found else ("", "")


def _single_quoted(lines: tuple[str, ...], delimiter: str) -> bool:
    """Whether single quotes enclose fields here: apostrophes are common, so clevercsv alone is not believed."""
    if not delimiter or any('"' in line for line in lines):
        return False
    return _count(lines, delimiter, "'").share > _count(lines, delimiter, '"').share or lines[0].startswith("'")


def _fits(tally: _Tally, extension: str) -> bool:
    if tally.delimiter == " ":
        return tally.fields >= _SPACE_FIELDS and tally.share == 1 and tally.lines >= _SPACE_LINES
    meant = _BY_EXTENSION.get(extension, ",") == tally.delimiter
    # A header cut by what the extension stands for is believed even where many lines are broken, and lines that all
    # have one field more than the header are still cut by this delimiter.
    sure = tally.share >= _ENOUGH or (tally.lines > 1 and tally.uniform >= _ENOUGH * (tally.lines - 1))
    return tally.fields > 1 and (sure or (meant and tally.share >= _SOME))


def _count(lines: tuple[str, ...], delimiter: str, quote: str) -> _Tally:
    """Cut the sample with this delimiter; lines that cannot be cut count as having no field."""
    counts: Counter[int] = Counter()
    at, fields = 0, 0
    while at < len(lines):
        found, span = _fields(lines, at, delimiter, quote)
        if lines[at].strip(LINE_ENDS):
            counts[found] += 1
            fields = fields or found
        at += span
    total, uniform = counts.total(), max((counts[several] for several in counts if several > 1), default=0)
    return _Tally(delimiter=delimiter, fields=fields, agreeing=counts[fields], lines=total, uniform=uniform)


def _fields(lines: tuple[str, ...], at: int, delimiter: str, quote: str) -> tuple[int, int]:
    """Return the number of fields and of physical lines of the record at `at`."""
    if quote not in lines[at]:
        return lines[at].count(delimiter) + 1, 1
    record = parse_record(lambda index: lines[at + index] if at + index < len(lines) else None, delimiter, quote)
    return len(record.fields), record.span


def _one_column(tallies: list[_Tally]) -> str:
    if not tallies:
        return "one column: the header holds no delimiter"
    return f"one column: {max(tallies, key=lambda tally: tally.share)}, which is too few"


def _opinion(told: str, chosen: str) -> str:
    if told == chosen:
        return "clevercsv agrees"
    return f"clevercsv says {told!r}" if told else "clevercsv has no opinion"
