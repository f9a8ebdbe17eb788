"""Conflicts: analysis, ways to settle them, what is learned of those, and what remedies for bad rows are worth."""
