"""How much a source may ask of the machine before landing refuses it."""

from state.errors import SourceError
from state.values import Value

FAST_LINE_BYTES = 1_000_000
"""Longest line that is left to the engine's reader; its own limit is two million bytes."""


class LandingLimits(Value):
    """Bounds on what is found and unpacked; beyond one of them landing stops with a SourceError that names it."""

    max_files: int = 100_000
    max_decompressed_bytes: int = 64 << 30  # per file; of an archive all members together
    max_ratio: float = 1000.0  # decompressed to compressed bytes
    ratio_from_bytes: int = 100_000_000  # decompressed size below which the ratio does not matter
    max_columns: int = 20_000


def check_unpacked(name: str, packed: int, written: int, limits: LandingLimits, before: int = 0) -> None:
    """Refuse what unpacks to more than the limits allow: `written` bytes from `packed`, `before` of them elsewhere."""
    if before + written > limits.max_decompressed_bytes:
        raise SourceError(
            f"unpacks to more than {limits.max_decompressed_bytes} bytes (limit max_decompressed_bytes)",
            where=name,
            hint="split the file or unpack it yourself",
        )
    if written > limits.ratio_from_bytes and written > limits.max_ratio * packed:
        raise SourceError(
            f"unpacks to more than {limits.max_ratio:g} times its size (limit max_ratio), as a bomb does",
            where=name,
            hint="unpack it yourself if you trust it",
        )
