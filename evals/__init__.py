"""Does it work, and does each pattern pay: task suites, scorers, baselines."""
