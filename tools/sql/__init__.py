"""The engine's connection, quoting, the guard for untrusted SQL and the process it runs in."""
