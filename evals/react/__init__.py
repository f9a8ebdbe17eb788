"""The react graph judged with a simulated model: faults, requests, tokens, latency."""
