"""Wiring and routing, one pattern a file; `supervisor` composes them and `session` runs them."""
