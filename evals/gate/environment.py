"""The gate's own Python environment: its checkers pin another version of the data engine than this product uses."""

import hashlib
import subprocess
import sys
import venv
from pathlib import Path

from state.errors import SetupError
from tools.files import write_durably

REQUIREMENTS = Path(__file__).resolve().parent.parent / "gate-requirements.txt"

_STAMP = ".installed"
_SECONDS = 1_800


class GateEnvironment:
    """The environment in `folder`, made on first use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "bin" / "python"
        self.datacontract = folder / "bin" / "datacontract"

    def prepare(self) -> None:
        """Make the environment and install the locked packages, unless they are; SetupError when that fails."""
        wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
        stamp = self.folder / _STAMP
        if stamp.is_file() and stamp.read_text() == wanted:
            return
        try:
            venv.create(self.folder, with_pip=True)
        except (OSError, subprocess.CalledProcessError) as error:
            what = f"the gate's environment cannot be made: {error}"
            raise SetupError(what, where=str(self.folder), hint="set MILLWRIGHT_GATE_VENV to another folder") from error
        self._pip("install", "--quiet", "--disable-pip-version-check", "--requirement", str(REQUIREMENTS))
        write_durably(stamp, wanted.encode())

    def _pip(self, *arguments: str) -> None:
        command = [str(self.python), "-m", "pip", *arguments]
        ended = subprocess.run(  # noqa: S603  our own arguments
            command, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
        if ended.returncode:
            last = ended.stderr.strip().splitlines()[-1:] or ["no reason given"]
            hint = f"try {sys.executable} -m pip download --requirement {REQUIREMENTS}"
            raise SetupError(f"the gate's packages cannot be installed: {last[0]}", where=str(self.folder), hint=hint)
