"""What a waiting run asks, for people and machines, and the answer as it is given on the command line."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.progress import printable
from app.render import print_json, shown_path
from state.errors import AnswerError

_WIDTH = 160
_SHOWN = 25


def read_answer(text: str) -> object:
    """Return the JSON data of an answer: inline, `@file`, or `-` for standard input; AnswerError when it is none."""
    where = "--answer"
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        where = text[1:]
        try:
            text = Path(where).read_text(encoding="utf-8")
        except OSError as error:
            raise AnswerError(f"it cannot be read: {error.strerror}", where=where, hint="check the path") from error
        except UnicodeDecodeError as error:
            raise AnswerError("it is not UTF-8", where=where) from error
    try:
        answer = json.loads(text)
    except ValueError as error:
        raise AnswerError(f"it is no JSON: {error}", where=where, hint="millwright resume RUN_ID shows one") from error
    if answer is None:
        raise AnswerError("null is no answer", where=where, hint="millwright resume RUN_ID shows one")
    return answer


def print_asked(run_id: str, asked: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print what a run waits for."""
    if as_json:
        print_json({"run_id": run_id, "status": "waiting", "asked": list(asked)})
        return
    lines = ["Waiting for a person."]
    for question in asked:
        lines += _SHOWN_AS[question["kind"]](question)
        example = json.dumps(question["example"] if len(asked) == 1 else {question["id"]: question["example"]})
        lines += [f"  answer with: millwright resume {run_id} --answer '{example}'"]
    sys.stdout.write("\n".join(printable(line) for line in lines) + "\n")


def _plan(question: Mapping[str, Any]) -> Iterator[str]:
    chance = f"no step fails with chance {question['probability']:.2f}"
    yield f"  plan: {question['title']}, about {question['seconds']:.1f} s, {chance}"
    for step in question["steps"]:
        after = f"  after {', '.join(step['after'])}" if step["after"] else ""
        yield f"    {step['step']:<32}{step['seconds']:>8.2f} s{after}"[:_WIDTH]
    yield from _more(question["total"] - len(question["steps"]), question["list"])
    for name in ("risks", "passed_over"):
        yield from (f"  {name.replace('_', ' ')}: {text}"[:_WIDTH] for text in question[name][:5])


def _changes(question: Mapping[str, Any]) -> Iterator[str]:
    kinds = ", ".join(f"{count} {kind}" for kind, count in question["kinds"].items())
    yield f"  {question['title']} ({kinds}), the most doubtful first"
    if question["refused"]:
        yield f"  the last answer was refused: {question['refused']}"
    for change in question["changes"][:_SHOWN]:
        yield f"    {change['change_id']}  {_change(change)}"[:_WIDTH]
        if change["confidence"] < 1:
            yield f"      {change['evidence']}"[:_WIDTH]
    yield from _more(question["total"] - min(_SHOWN, question["shown"]), question["list"])
    yield '  single changes: {"accept": [ID], "reject": [ID], "edit": {ID: VALUE}, "rest": "accept|reject|ask"}'


def _drafts(question: Mapping[str, Any]) -> Iterator[str]:
    yield f"  {question['title']}"
    yield f"  goal: {question['goal']}"
    for draft in question["drafts"]:
        yield f"    {draft['for']} ({draft['type']}): {draft['description']}"[:_WIDTH]
        yield f"      SQL: {draft['sql']}"  # whole: it is what is accepted
        yield f"      {draft['by']}: {draft['reason']}"[:_WIDTH]
        for sample in draft["samples"]:
            given = ", ".join(f"{name} {value!r}" for name, value in sample["given"].items())
            yield f"      {given} -> {sample['result']!r}"[:_WIDTH]
    yield '  one by one: {"accept": [NAME], "reject": [NAME], "edit": {NAME: SQL}, "rest": "accept|reject"}'


def _change(change: Mapping[str, Any]) -> str:
    value = "" if change["value"] is None else f" {change['value']!r}"
    proposal = "none" if change["proposal"] is None else repr(change["proposal"])
    where = f", {change['where']}" if change["where"] else ""
    told = f"{change['kind']} {change['column']}{value} -> {proposal}"
    return f"{told} (confidence {change['confidence']:.2f}, {change['rows']} rows{where})"


def _more(count: int, path: str) -> Iterator[str]:
    if count > 0:
        yield f"    and {count} more: {shown_path(Path(path))}"


_SHOWN_AS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[str]]] = {
    "plan": _plan,
    "changes": _changes,
    "drafts": _drafts,
}
