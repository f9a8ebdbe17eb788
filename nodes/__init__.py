"""Adapters between the graph's state and the tools: state in, update out; no routing."""
