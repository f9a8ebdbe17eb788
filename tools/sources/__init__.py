"""Finding, scanning and landing the files of a run without losing a line."""
