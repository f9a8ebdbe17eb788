"""How much a source may ask of the machine before landing refuses it."""

from state.values import Value

FAST_LINE_BYTES = 1_000_000
"""Longest line that is left to the engine's reader; its own limit is two million bytes."""


class LandingLimits(Value):
    """Bounds on what is found and unpacked; beyond one of them landing stops with a SourceError that names it."""

    max_files: int = 100_000
    max_decompressed_bytes: int = 64 << 30  # per file
    max_ratio: float = 1000.0  # decompressed to compressed bytes
    ratio_from_bytes: int = 100_000_000  # decompressed size below which the ratio does not matter
    max_columns: int = 20_000
