"""Chat models: one shared client for each endpoint and name, its limits, and what its failures are called."""
