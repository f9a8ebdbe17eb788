"""Queries of a diagnosis: what a table is like, and how well a cause explains what is odd in it. They write nothing."""
