"""What a run writes for others: published tables, quarantine, changes, record and report."""
