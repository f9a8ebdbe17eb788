"""What a reasoning worker may do: typed tools over a run's workspace, contract and records. None writes data."""
