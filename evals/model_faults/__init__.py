"""A model that fails in every way, or is wrong, at every point of a run where one is asked."""
