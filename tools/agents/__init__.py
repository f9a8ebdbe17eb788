"""The registry of agents: cards, statuses, faults, recoveries and rollouts, kept in the database of operation."""
