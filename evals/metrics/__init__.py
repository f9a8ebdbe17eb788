"""Are the metrics true: counts and percentiles against an outside meter."""
