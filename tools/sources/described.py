"""What the inventory learns of a source whose values are cut already, before it is a file of the run."""

from typing import NamedTuple

from state.sources import Kind, Reading


class Described(NamedTuple):
    """One source in an input; `lines` are counted independently of what reads it."""

    kind: Kind
    header: tuple[str, ...]
    lines: int
    evidence: str
    part: str = ""  # what of the input it is
    label: str = ""  # what is added to the input's name, where it holds several sources
    header_lines: int = 0
    blank_lines: int = 0
    numbered: bool = False
    reading: Reading = Reading.VALUES
    warnings: tuple[str, ...] = ()
