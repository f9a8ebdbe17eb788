"""The language of the house: typed values, channels, reducers, agents, budget, errors, run context."""
