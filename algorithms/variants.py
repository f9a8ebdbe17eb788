"""Header variants after intake: files that are read otherwise than they were become variants of their own."""

from collections.abc import Sequence

from state.sources import Inventory, SourceFile, Variant
from state.values import digest


def set_apart(inventory: Inventory, files: Sequence[SourceFile]) -> Inventory:
    """Return the inventory with these descriptions of files, in new variants, one for each list of column names.

    Variants keep their ids, and one that lost its last file stays: its id is not given again.
    """
    given = {file.file_id: file for file in files}
    left = tuple(
        variant.model_copy(update={"file_ids": tuple(each for each in variant.file_ids if each not in given)})
        for variant in inventory.variants
    )
    groups: dict[tuple[str, ...], list[int]] = {}
    for file in sorted(files, key=lambda file: file.file_id):
        groups.setdefault(file.header, []).append(file.file_id)
    new = tuple(
        Variant(
            variant_id=f"v{number:03d}",
            columns=columns,
            fingerprint=digest(list(columns)),
            file_ids=tuple(file_ids),
            header_forms=1,
        )
        for number, (columns, file_ids) in enumerate(groups.items(), len(left) + 1)
    )
    told = tuple(given.get(file.file_id, file) for file in inventory.files)
    return inventory.model_copy(update={"files": told, "variants": left + new})
