"""Faults of files: another delimiter or encoding, an end in the middle, a load that comes twice."""

from evals.reasoning.damage import DamagedFile, Target


def delimiter_lines(target: Target, variant: str) -> bool:
    """Cut a run of lines with another delimiter, as when two exports are put one behind the other."""
    file = target.chance.choice(target.files)
    for at in target.block(file):
        file.strike(at)
        file.delimiters[at] = variant
    return True


def delimiter_file(target: Target, variant: str) -> bool:
    """Write one file with a delimiter that nobody expects."""
    file = target.chance.choice(target.files)
    file.delimiter = variant
    file.hit = set(range(len(file.rows)))
    return True


def mojibake(target: Target, variant: str) -> bool:
    """Read text as another encoding than it was written in, and write what was read."""
    columns = target.roles.get("text", ())
    part = target.part() if variant == "file" else [(file, range(len(file.rows))) for file in target.files]
    if variant == "rows":
        picked = target.some(0.3)
        for column in columns:
            target.change([(file, range(at, at + 1)) for file, at in picked], column, _garbled)
        return bool(columns) and any(file.hit for file in target.files)
    for column in columns:
        target.change(part, column, _garbled)
    return any(file.hit for file in target.files)


def _garbled(text: str) -> str:
    return text.encode().decode("cp1252", errors="replace") if not text.isascii() else text


def codepage(target: Target, variant: str) -> bool:
    """Write one file in a code page of another system, with nothing that says so."""
    file = target.chance.choice(target.files)
    file.encoding = variant
    places = [target.place(column) for column in target.roles.get("text", ())]
    for at, row in enumerate(file.rows):
        for place in places:
            row[place] = row[place].encode(variant, errors="replace").decode(variant)
        if any(not cell.isascii() for cell in row):
            file.hit.add(at)
    return bool(file.hit)


def bytes_mixed(target: Target, variant: str) -> bool:
    """Write some lines of a UTF-8 file in another encoding."""
    file = target.chance.choice(target.files)
    odd = [at for at, row in enumerate(file.rows) if any(not cell.isascii() for cell in row)]
    for at in odd[: max(3, len(odd) // 5)]:
        file.strike(at)
        file.lines[at] = (",".join(file.rows[at]) + "\n").encode(variant, errors="replace")
    return bool(file.hit)


def letters_lost(target: Target, variant: str) -> bool:
    """Replace letters beyond ASCII by a sign, as a program does that cannot write them."""
    for column in target.roles.get("text", ()):
        target.change(target.part(), column, lambda text: "".join(c if c.isascii() else variant for c in text))
    return any(file.hit for file in target.files)


def truncated(target: Target, variant: str) -> bool:
    """End a file in the middle of its last record."""
    file = target.chance.choice(target.files)
    kept = int(len(file.rows) * target.chance.uniform(0.4, 0.8))
    file.rows = file.rows[:kept]
    last = ",".join(file.rows[-1])
    fields = [len(",".join(file.rows[-1][: n + 1])) for n in range(len(file.header))]
    file.cut = fields[len(fields) // 2] - 1 if variant == "record" else min(fields[0] + 2, len(last) - 3)
    if variant == "value":
        file.cut = len(",".join(file.rows[-1][:-1])) + 2
        if len(file.rows[-1][-1]) < 5:  # noqa: PLR2004  nothing to miss
            return False
    file.hit = {kept - 1}
    return True


def loaded_twice(target: Target, variant: str) -> bool:
    """Deliver a file twice under two names, or a run of rows twice in one file."""
    file = target.chance.choice(target.files)
    if variant == "file":
        copy = DamagedFile(file.name.replace(".csv", "_99.csv"), file.header, file.rows)
        copy.hit = set(range(len(copy.rows)))
        target.files.append(copy)
        return True
    rows = [file.rows[at] for at in target.block(file, 0.2)] if variant == "block" else list(file.rows)
    if variant == "some":
        rows = target.chance.sample(file.rows, max(5, len(file.rows) // 10))
    first = len(file.rows)
    file.rows += [list(row) for row in rows]
    file.hit = set(range(first, len(file.rows)))
    return True
