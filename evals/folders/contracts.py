"""The contract of a generated folder."""

from copy import deepcopy
from typing import Any

from evals.folders.habits import known_alias
from evals.folders.lines import optional_column
from evals.folders.spec import FolderSpec, Mess
from evals.reasoning.cases import contract_of
from evals.reasoning.worlds import World

_MOST_QUARANTINE, _STRICT = 0.1, 0.02
"""Share of rows that may be in quarantine; strict where a fault is to be noticed."""


def folder_contract(spec: FolderSpec, world: World) -> dict[str, Any]:
    """Return the ODCS document: what the domain says, with known aliases and a column that may be empty."""
    document = deepcopy(contract_of(world))
    for table in document["schema"]:
        most = _STRICT if spec.fault else _MOST_QUARANTINE
        table["customProperties"].append({"property": "millwright.maxQuarantine", "value": most})
        for each in table["properties"] if spec.mess.get(Mess.ALIASES) else ():
            if (alias := known_alias(each["name"])) != each["name"]:
                each["customProperties"] = [{"property": "millwright.aliases", "value": [alias]}]
    if spec.mess.get(Mess.IMPOSSIBLE):
        optional = optional_column(world.tables[0])
        for each in document["schema"][0]["properties"]:
            if each["name"] == optional:
                each.pop("required", None)
    return document
