"""Explanations of a run: what is told of it, its tables, columns, rows and lines, built from what the run left."""
