"""A contract file as YAML: read safely, with the line of every place. Knows nothing of the standard.

Refused, each with its line where there is one: files that are missing, too large or no YAML; aliases that expand to
more than a million nodes or contain themselves; nesting deeper than 100; the same key twice in a mapping.
"""

import hashlib
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from state.errors import ContractError

MAX_BYTES = 10 * 2**20
MAX_NODES = 1_000_000
MAX_DEPTH = 100

Place = Sequence[str | int]
"""The path to a part of the document: keys and 0-based positions from the top."""

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML mapping and where its parts stand in the file."""

    path: Path
    sha256: str
    data: dict[str, Any]
    root: yaml.MappingNode

    def line(self, place: Place) -> int:
        """Return the 1-based line of `place`, or of the innermost part around it that exists."""
        node: yaml.Node = self.root
        line = node.start_mark.line
        for step in place:
            found = _child(node, step)
            if found is None:
                break
            node, line = found
        return int(line) + 1


def read_document(path: Path) -> Document:
    """Read the YAML mapping in `path`; ContractError (file and line) when it is none or not safe to read."""
    content = _read(path)
    try:
        _refuse_explosive(path, content)
        root, data = _load(path, content)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = ", ".join(part for part in (error.context, error.problem) if part)
        raise ContractError(f"the file is not valid YAML: {problem}", where=where, hint="correct the line") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ContractError(
            f"the file is not valid YAML: {error}", where=str(path), hint="is it UTF-8 text with correct dates?"
        ) from error
    if not isinstance(root, yaml.MappingNode) or not isinstance(data, dict):
        raise ContractError("the file holds no YAML mapping", where=str(path), hint="a contract begins with apiVersion")
    return Document(path=path, sha256=hashlib.sha256(content).hexdigest(), data=data, root=root)


def _read(path: Path) -> bytes:
    hint = "give the path of an ODCS file"
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise ContractError("there is no such contract", where=str(path), hint=hint) from error
    except IsADirectoryError as error:
        raise ContractError("this is a folder, not a contract", where=str(path), hint=hint) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise ContractError(f"the contract cannot be read: {error}", where=str(path), hint=hint) from error
    if len(content) > MAX_BYTES:
        raise ContractError(f"the contract is larger than {MAX_BYTES} bytes", where=str(path), hint="is it data?")
    return content


def _load(path: Path, content: bytes) -> tuple[yaml.Node | None, Any]:
    loader = _Loader(content)
    try:
        root = loader.get_single_node()
        if root is None:
            return None, None
        _refuse_duplicate_keys(path, root, set())  # before merge keys are filled in, which repeats keys rightly
        return root, loader.construct_document(root)
    finally:
        loader.dispose()


def _refuse_explosive(path: Path, content: bytes) -> None:
    """Walk the events, which needs no recursion, and refuse what would blow up when nodes are built from them."""
    sizes: dict[str, int] = {}  # expanded nodes below each closed anchor
    stack: list[tuple[str | None, int]] = [(None, 0)]
    for event in yaml.parse(content, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            stack.append((event.anchor, 1))
            _refuse_size(path, event, 1, len(stack) - 1)
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            anchor, size = stack.pop()
        elif isinstance(event, yaml.AliasEvent):
            anchor, size = None, _expanded(path, event, sizes, stack)
        elif isinstance(event, yaml.ScalarEvent):
            anchor, size = event.anchor, 1
        else:
            continue
        if anchor is not None:
            sizes[anchor] = size
        outer, total = stack[-1]
        stack[-1] = (outer, total + size)
        _refuse_size(path, event, total + size, len(stack) - 1)


def _expanded(path: Path, event: yaml.AliasEvent, sizes: dict[str, int], stack: list[tuple[str | None, int]]) -> int:
    if any(anchor == event.anchor for anchor, _ in stack):
        raise ContractError(
            f"the alias {event.anchor!r} contains itself", where=_where(path, event), hint="write it out"
        )
    return sizes.get(str(event.anchor), 1)  # an unknown alias is reported by the loader, with its line


def _refuse_size(path: Path, event: yaml.Event, size: int, depth: int) -> None:
    if size > MAX_NODES:
        what = f"the contract expands to more than {MAX_NODES} values"
        raise ContractError(what, where=_where(path, event), hint="use fewer aliases")
    if depth > MAX_DEPTH:
        raise ContractError(f"the contract nests deeper than {MAX_DEPTH}", where=_where(path, event))


def _where(path: Path, event: yaml.Event) -> str:
    return f"{path}:{event.start_mark.line + 1}" if event.start_mark else str(path)


def _refuse_duplicate_keys(path: Path, node: yaml.Node, seen: set[int]) -> None:
    """Refuse a key given twice: YAML forbids it, the loader would silently keep the last."""
    if id(node) in seen or not isinstance(node, yaml.CollectionNode):
        return
    seen.add(id(node))
    keys: set[Hashable] = set()
    for item in node.value:
        key, child = item if isinstance(node, yaml.MappingNode) else (None, item)
        if key is not None and key.tag != "tag:yaml.org,2002:merge":
            text = str(key.value)
            if text in keys:
                where = f"{path}:{key.start_mark.line + 1}"
                raise ContractError(f"the key {text!r} is given twice", where=where, hint="keep one of them")
            keys.add(text)
        _refuse_duplicate_keys(path, child, seen)


def _child(node: yaml.Node, step: str | int) -> tuple[yaml.Node, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return value, key.start_mark.line
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child = node.value[step]
        return child, child.start_mark.line
    return None
