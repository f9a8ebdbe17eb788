"""Two runs of a suite beside each other: figures with intervals of their difference, tasks that got better or worse."""
