"""Failures put into whole runs: what is done about each, how it ends, and whether every row is accounted for."""
