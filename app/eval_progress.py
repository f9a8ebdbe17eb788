"""Progress of a suite on a terminal; nothing where standard error is none."""

from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TextIO

from app.progress import printable

if TYPE_CHECKING:
    from evals.protocol import TaskResult


class EvalProgress:
    """A bar with the tasks that are done, and the last of them."""

    def __init__(self, stream: TextIO, suite: str) -> None:
        self._stream, self._suite = stream, suite
        self._bar: Any = None
        self._job: Any = None

    def __enter__(self) -> Self:
        """Start the bar when there is a terminal."""
        if self._stream.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

            told = TextColumn("{task.description}", markup=False)
            columns = (told, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
            self._bar = Progress(*columns, console=Console(file=self._stream), transient=True)
            self._job = self._bar.add_task(self._suite, total=None)
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()

    def hear(self, result: "TaskResult", done: int, total: int) -> None:
        """Show that a task ended."""
        if self._bar is None:
            return
        told = f"{self._suite}: {result.task_id} {'solved' if result.solved else 'failed'}"
        self._bar.update(self._job, completed=done, total=total, description=printable(told))
