"""A copy of a contract that datacontract-cli can hold against published Parquet files, and what became of its rules.

Nothing is taken out of the contract: added are where the files lie, and an id for every quality rule, so that each
result can be traced to its rule and a rule without any result is found.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tools.outputs.destination import target_name
from tools.outputs.parquet import parts

Fields = dict[str, Any]

SERVER = "published"


class Staged:
    """The copied contract in `folder`, with links to the published files it is about."""

    def __init__(self, contract: Path, published: Path, folder: Path) -> None:
        self.path = folder / "contract.yaml"
        self.document: Fields = yaml.safe_load(contract.read_text(encoding="utf-8"))
        self.rules = {
            f"{place}.quality[{number}]": rule
            for place, owner in self._owners()
            for number, rule in enumerate(owner.get("quality") or [])
        }
        for number, rule in enumerate(self.rules.values()):
            rule["id"] = f"rule-{number}"
        self.files = {name: _link(published / target_name(name), folder / "files" / name) for name in self.tables}
        pattern = f"{folder / 'files'}/{{model}}/*.parquet"
        self.document["servers"] = [{"server": SERVER, "type": "local", "path": pattern, "format": "parquet"}]
        self.path.write_text(yaml.safe_dump(self.document, sort_keys=False, allow_unicode=True), encoding="utf-8")

    @property
    def tables(self) -> dict[str, Fields]:
        """The tables of the contract by name."""
        return {table["name"]: table for table in self.document["schema"]}

    def arrow_request(self) -> list[Fields]:
        """Return what the check of types reads."""
        return [
            {"name": name, "files": self.files[name], "columns": table["properties"]}
            for name, table in self.tables.items()
        ]

    def _owners(self) -> Iterator[tuple[str, Fields]]:
        """Yield tables and columns, which may have rules, with their places."""
        for name, table in self.tables.items():
            yield name, table
            for column in table.get("properties") or []:
                yield f"{name}.{column['name']}", column


def _link(published: Path, folder: Path) -> list[str]:
    """Link the files of a published table in a folder of its own; return the links. None where it is missing."""
    folder.mkdir(parents=True)
    files = parts(published) if published.exists() else []
    links = [folder / f"part-{number:04}.parquet" for number in range(len(files))]
    for link, file in zip(links, files, strict=True):
        link.symlink_to(file)
    return [str(link) for link in links]
