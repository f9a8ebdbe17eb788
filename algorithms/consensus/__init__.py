"""Consensus: votes on questions, and replicated logs that hold under faults. Pure machines without input or output."""
