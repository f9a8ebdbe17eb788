"""The crew as a solver: a run of the product, told in the shape of all answers."""

import json
import shutil
from pathlib import Path
from typing import Any

from evals.crew.answer import CONTRACT, PUBLISHED, QUARANTINE, Answer, Books, fresh, write_answer
from graphs.session import run
from state.errors import MillwrightError
from state.run import RunContext

Json = dict[str, Any]

HOME = "home"


def deliver(
    contract: Path, sources: Path, out: Path, context: RunContext, *, solver: str = "crew", run_id: str = "run"
) -> Answer:
    """Let the crew deliver a folder into `out` and return its account; a run that ends badly is an account, too."""
    with fresh(out) as clock:
        if contract != out / CONTRACT:
            shutil.copyfile(contract, out / CONTRACT)
        problem = ""
        try:
            run(out / CONTRACT, [str(sources)], out / PUBLISHED, run_id=run_id, context=context)
        except MillwrightError as error:
            problem = error.line()
        answer = write_answer(account(read_run(out / PUBLISHED, run_id), solver, problem), clock, out)
    take(out / PUBLISHED, run_id, out)
    return answer


def read_run(published: Path, run_id: str) -> Json:
    """Return the run.json of a run; an empty one where there is none."""
    path = published / "_runs" / run_id / "run.json"
    return dict(json.loads(path.read_text())) if path.is_file() else {}


def take(published: Path, run_id: str, out: Path) -> None:
    """Put what a run published and set aside where every solver's lies."""
    if published != out / PUBLISHED and published.is_dir():
        shutil.copytree(published, out / PUBLISHED)
    quarantine = out / PUBLISHED / "_runs" / run_id / "quarantine"
    if quarantine.is_dir():
        shutil.copytree(quarantine, out / QUARANTINE)


def account(told: Json, solver: str, problem: str) -> Answer:
    """Return what a run.json says in the shape of all answers; an empty one is a run that told nothing."""
    if not told:
        return Answer(solver=solver, status="failed", problem=problem)
    model = told["model"]
    return Answer(
        solver=solver,
        status=told["status"],
        problem=told["problem"] or "",
        books={name: _books(books) for name, books in told["tables"].items()},
        mapping=_mapping(told),
        causes={each["table"]: each["cause"] for each in reversed(told["diagnoses"])},
        steps=told["steps"],
        replans=told["replans"],
        tokens=model["prompt_tokens"] + model["completion_tokens"],
    )


def _books(books: Json) -> Books:
    return Books(
        read=books["rows_read"],
        published=books["rows_published"],
        quarantined=books["rows_quarantined"],
        merged=books["rows_merged"],
        withheld=books.get("rows_withheld", 0),
        derived=books["derived"],
    )


def _mapping(told: Json) -> dict[str, dict[str, str]]:
    """Return the mapping by file: a run maps the files of one header variant together."""
    names, variants = told["sources"]["file_names"], told["sources"]["variants"]
    found: dict[str, dict[str, str]] = {}
    for mapping in told["mappings"]:
        for file_id in variants[mapping["variant_id"]]["file_ids"]:
            pairs = {each["source"]: each["target"] for each in mapping["matches"] if each["source"]}
            found.setdefault(Path(names[file_id]).name, {}).update(pairs)
    return found
