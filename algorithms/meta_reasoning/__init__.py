"""Meta-reasoning over the steps of a case: loops, progress, quality of actions, confidence, and what to do about it."""
