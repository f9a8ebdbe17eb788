"""The registry of runs, and the queue from which workers take them, in the database of operation."""
