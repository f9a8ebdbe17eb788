"""Places whose region lost its first word, so that two listed regions fit equally well and the expert leaves them open.

The simulated model knows the truth, which is written down after the answer only.
"""

import csv
import json
import random
from dataclasses import dataclass
from pathlib import Path

from evals.model_server import Act, ChatRequest, structured

_NAMES = "Alder Birch Cedar Dogwood Elm Fir Ginkgo Hazel Juniper Larch Maple Oak Pine Rowan Spruce Willow".split()  # noqa: SIM905
_SIDES = ("North", "South")
_NONE = "none of them"

_CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: places
name: places
version: 1.0.0
status: active
schema:
  - name: places
    customProperties:
      - {{property: millwright.sources, value: ["places*"]}}
      - {{property: millwright.maxQuarantine, value: 0.95}}
    properties:
      - {{name: place_id, logicalType: integer, primaryKey: true, required: true}}
      - name: region
        logicalType: string
        quality:
          - metric: invalidValues
            arguments: {{validValues: {regions}}}
            mustBe: 0
"""


@dataclass(frozen=True, slots=True)
class Places:
    """The made input: what each region that is written short stands for."""

    truth: dict[str, str]

    @classmethod
    def drawn(cls, seed: int) -> "Places":
        """Return the input of a seed."""
        chance = random.Random(seed)  # noqa: S311  an input, no secret
        return cls({name: f"{chance.choice(_SIDES)} {name}" for name in _NAMES})

    def rows(self) -> list[tuple[int, str, str]]:
        """Return id, region as written and region as meant: one row in full and one short for each name."""
        told = [(f"North {name}", f"North {name}") for name in _NAMES] + list(self.truth.items())
        return [(number, written, meant) for number, (written, meant) in enumerate(told, 1)]

    def write(self, folder: Path, sources: Path) -> None:
        """Write the contract, and the input into the folder of the sources."""
        regions = json.dumps([f"{side} {name}" for name in _NAMES for side in _SIDES])
        (folder / "contract.yaml").write_text(_CONTRACT.format(regions=regions))
        with (sources / "places.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("place_id", "region"), *((number, text) for number, text, _ in self.rows())])

    def right(self, request: ChatRequest) -> Act:
        """Answer as one who knows the truth."""
        shown = _options(request)
        meant = next(
            (key for key, text in shown.items() if text in {f"it is {each}" for each in self.truth.values()}), ""
        )
        return structured(request, {"option": meant or _stays(shown), "reason": "known"})


def _options(request: ChatRequest) -> dict[str, str]:
    """Return what each identifier of an option stands for."""
    lines = [line.split(": ", 1) for line in request.text.splitlines() if line.endswith("]") and ": " in line]
    return {key: text.rsplit(" [", 1)[0] for key, text in lines}


def _stays(shown: dict[str, str]) -> str:
    return next(key for key, text in shown.items() if text.startswith(_NONE))


def wrong(places: Places, request: ChatRequest, chance: random.Random) -> Act:
    """Choose any option but the right one."""
    right = json.loads(str(getattr(places.right(request), "text", "{}")))["option"]
    others = sorted(set(_options(request)) - {right})
    return structured(request, {"option": chance.choice(others), "reason": "mistaken"})
