"""The repair council's specialists and its vote, as pure algorithms over factorised columns."""
