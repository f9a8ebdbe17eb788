"""What an answer depends on, as a hash: the code of the house, the arguments, the task and the files it names."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from evals.protocol import Task
from tools.files import file_stamp

_HOUSE = Path(__file__).resolve().parents[1]
_ROOMS = ("state", "algorithms", "tools", "nodes", "graphs", "evals")
_KINDS = (".py", ".md", ".json", ".yaml", ".txt")


@lru_cache(maxsize=1)
def house_digest() -> str:
    """Return the SHA-256 of all code, prompts and data in the rooms below `app`: 30 ms for 700 files."""
    digest = hashlib.sha256()
    for room in _ROOMS:
        for path in sorted(path for path in (_HOUSE / room).rglob("*") if path.suffix in _KINDS and path.is_file()):
            digest.update(str(path.relative_to(_HOUSE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def fingerprint(suite: str, arguments: Mapping[str, str], task: Task) -> str:
    """Return the SHA-256 of all that the answer of a task depends on; files of the task by size and time."""
    named = {name: list(_stamps(Path(value))) for name, value in task.inputs.items()}
    content = [house_digest(), suite, dict(arguments), task.model_dump(mode="json"), named]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _stamps(path: Path) -> Iterator[str]:
    """Yield what changes when a file, or a file in a folder, does; nothing for an input that is no absolute path."""
    if not path.is_absolute():
        return
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    for each in files:
        yield f"{each.name} {file_stamp(each)}"
