"""Suite `mapping`: which column of one table is which of another."""
