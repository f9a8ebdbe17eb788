"""The base of every typed value, and digests of values. Values are frozen and closed to unknown fields."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict

RUN_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
"""What can be the id of a run: it is the name of a folder."""


class Value(BaseModel):
    """A frozen value with no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def digest(content: Any) -> str:  # noqa: ANN401  any JSON-like content
    """Return the SHA-256 (64 hex digits) of the canonical JSON of `content` (values or plain JSON data)."""

    def plain(item: Any) -> Any:  # noqa: ANN401
        if isinstance(item, BaseModel):
            return item.model_dump(mode="json")
        raise TypeError(f"{type(item).__name__} has no canonical JSON")

    text = json.dumps(content, default=plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
