"""Files to be damaged: rows that remember whether they were hit, and how each file is written in the end."""

import csv
import io
import random
from collections.abc import Callable, Sequence

from evals.reasoning.worlds import World

Row = list[str]

SHARE = 0.05
"""Of the rows that are hit where a fault hits some here and there."""

_BLOCK = 0.12  # of a file's rows


class DamagedFile:
    """One file of the first table, on its way to being written."""

    def __init__(self, name: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.name, self.header, self.rows = name, list(header), [list(row) for row in rows]
        self.hit: set[int] = set()  # places of the rows that are wrong, from 0
        self.delimiter, self.encoding = ",", "utf-8"
        self.delimiters: dict[int, str] = {}  # of single rows
        self.lines: dict[int, bytes] = {}  # rows that are written as these bytes
        self.cut: int | None = None  # characters that are left of the last row that is written
        self.end = "\n"

    def strike(self, place: int) -> Row:
        """Return a row that is going to be changed, and remember it."""
        self.hit.add(place)
        return self.rows[place]

    def lines_hit(self) -> set[int]:
        """Return the physical lines of the rows that are wrong."""
        return {place + 2 for place in self.hit}

    def content(self) -> bytes:
        """Return the bytes of the file."""
        parts = [self._line(self.header, self.delimiter)]
        for place, row in enumerate(self.rows):
            given = self.lines.get(place)
            parts.append(given if given is not None else self._line(row, self.delimiters.get(place, self.delimiter)))
        if self.cut is not None:
            parts[-1] = parts[-1][: self.cut]
        elif not self.end:
            parts[-1] = parts[-1].rstrip(b"\n")
        mark = b"\xff\xfe" if self.encoding == "utf-16-le" else b""
        return mark + b"".join(parts)

    def _line(self, row: Sequence[str], delimiter: str) -> bytes:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n", delimiter=delimiter).writerow(row)
        return text.getvalue().encode(self.encoding, errors="replace")


class Target:
    """The files of a world that a fault is put into, and the chance it happens by."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.chance = world, random.Random(seed)  # noqa: S311  faults, no secret
        self.files = [DamagedFile(sheet.name, sheet.header, sheet.rows) for sheet in world.tables[0].sheets]

    @property
    def roles(self) -> dict[str, tuple[str, ...]]:
        """What the columns of the table are good for."""
        return self.world.tables[0].roles

    def role(self, name: str) -> str | None:
        """Return a column of that role; None when there is none."""
        names = self.roles.get(name, ())
        return self.chance.choice(names) if names else None

    def place(self, column: str) -> int:
        """Return where a column stands in the files."""
        return self.files[0].header.index(column)

    def part(self, least: int = 40) -> list[tuple[DamagedFile, range]]:
        """Return a part of the table: one of several files, or the end of the only one."""
        if len(self.files) > 1:
            file = self.chance.choice(self.files)
            return [(file, range(len(file.rows)))]
        file = self.files[0]
        first = int(len(file.rows) * self.chance.uniform(0.6, 0.8))
        return [(file, range(min(first, max(0, len(file.rows) - least)), len(file.rows)))]

    def some(self, share: float, fewest: int = 4) -> list[tuple[DamagedFile, int]]:
        """Return some rows of all files, in their order."""
        every = [(file, place) for file in self.files for place in range(len(file.rows))]
        picked = sorted(self.chance.sample(range(len(every)), min(len(every), max(fewest, int(share * len(every))))))
        return [every[at] for at in picked]

    def block(self, file: DamagedFile, share: float = _BLOCK) -> range:
        """Return a run of rows of a file."""
        count = max(5, int(share * len(file.rows)))
        first = self.chance.randrange(0, max(1, len(file.rows) - count))
        return range(first, min(len(file.rows), first + count))

    def change(self, part: Sequence[tuple[DamagedFile, range]], column: str, change: Callable[[str], str]) -> bool:
        """Change the filled cells of a column in a part; return whether any is another one now."""
        place = self.place(column)
        for file, rows in part:
            for at in rows:
                before = file.rows[at][place]
                after = change(before) if before else before
                if after != before:
                    file.strike(at)[place] = after
        return any(file.hit for file in self.files)
