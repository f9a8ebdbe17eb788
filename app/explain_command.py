"""`millwright explain`: the story of a run, a table, a column, a row, a cell or a line of a file."""

import sys
from pathlib import Path

from app.render import print_json, shown_path
from app.settings import load_settings
from state.errors import RunError, SetupError
from state.explanation import Explanation
from tools.explain.material import open_material, read_run_json
from tools.explain.subject import Subject, explain
from tools.files import write_durably
from tools.queue.registry import home_of, read_status
from tools.records import is_running, read_record

_PAGES = "explain"


def explain_subject(run: str, subject: Subject, *, as_html: bool, as_json: bool) -> int:
    """Print the explanation, or write it as a page and print where; `run` is an id or the folder of a run's outputs."""
    folder, run_folder = _places(run)
    with open_material(folder, run_folder) as material:
        told = explain(material, subject)
    if as_html:
        path = _write_page(told, folder / _PAGES / f"{subject.name}.html")
        sys.stdout.write(f"{shown_path(path)}\n")
    elif as_json:
        print_json(told.model_dump(mode="json"))
    else:
        from app.explain_text import print_explanation

        print_explanation(told)
    return 0


def _places(run: str) -> tuple[Path, Path | None]:
    """Return the folder of the run's outputs and that of its workspace."""
    home = Path(load_settings().home).absolute()
    given = Path(run)
    if (given / "run.json").is_file():
        folder = given.absolute()
        return folder, _workspace_of(home, str(read_run_json(folder)["run_id"]), folder)
    home = home_of(home, run)
    record = read_record(home, run)
    if is_running(home, run):
        raise RunError(f"run {run!r} is being worked on by another process", hint="wait for it to end")
    folder = Path(record.request.out) / "_runs" / run
    if not (folder / "run.json").is_file():
        state = read_status(home, run)
        told = f"{state.status.value}: {state.problem}" if state and state.problem else "it was stopped"
        raise RunError(f"run {run!r} has written no report ({told})", hint=f"millwright resume {run}")
    return folder, record.context.run_folder(run)


def _workspace_of(home: Path, run_id: str, folder: Path) -> Path | None:
    """Return the folder of the workspace of a run whose outputs lie in `folder`; None when this home has none."""
    try:
        record = read_record(home, run_id)
    except RunError:
        return None
    return record.context.run_folder(run_id) if Path(record.request.out) / "_runs" / run_id == folder else None


def _write_page(told: Explanation, path: Path) -> Path:
    from tools.pages.render import render_page

    try:
        write_durably(path, render_page(told).encode(errors="backslashreplace"))
    except OSError as error:
        raise SetupError(f"the page cannot be written: {error.strerror}", where=str(path)) from error
    return path
