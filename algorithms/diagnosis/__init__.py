"""Diagnosing data: what could be wrong, how well the evidence fits it, and an expert that asks for the evidence."""
