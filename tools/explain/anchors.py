"""Names under which parts of an explanation are found, so that other parts can lead to them."""

import re
from zlib import crc32

from tools.explain.material import Material

_MOST = 60


def anchor(kind: str, name: str) -> str:
    """Return the anchor of a thing; two names that look alike without their signs have different ones."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:_MOST]
    return f"{kind}-{plain}-{crc32(name.encode(errors='backslashreplace')):08x}"


def attempt_anchor(step_id: str, attempt: int) -> str:
    """Return the anchor of one attempt of a step."""
    return anchor("step", f"{step_id}#{attempt}")


def step_anchors(material: Material) -> dict[str, str]:
    """Return the anchor of the last attempt of every step that was performed."""
    return {entry["step_id"]: attempt_anchor(entry["step_id"], entry["attempt"]) for entry in material.run["trace"]}


def decision_anchor(decision_id: str) -> str:
    """Return the anchor of a decision, where it stands with its votes."""
    return f"d-{decision_id}"


def check_anchor(rule: str) -> str:
    """Return the anchor of a verdict."""
    return anchor("check", rule)
