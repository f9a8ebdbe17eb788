"""The suite `conflicts`: are rulings as they must be, which way settles best, and does a run tell of it."""
