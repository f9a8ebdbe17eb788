"""Planning: problems in HDDL, an independent check of plans, and a comparison with another planner."""
