"""Compiling the rules of a contract to SQL and running them."""
