"""A request to end (SIGTERM) taken as an interrupt from the keyboard: the same way out, another exit code."""

import signal
import threading
from types import FrameType


class Termination:
    """Listens for SIGTERM in the main thread, unless the process was told to treat it otherwise."""

    def __init__(self) -> None:
        self.asked = False
        if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, self._hear)

    def _hear(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True
        if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # started in the background
            raise KeyboardInterrupt
        signal.raise_signal(signal.SIGINT)
