"""Hierarchical task network planning: one model, two ways to write it (typed Python, HDDL), one search."""
