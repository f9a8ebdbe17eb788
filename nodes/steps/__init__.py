"""What each kind of step does to a table: evidence from the tools, a decision, an effect with its receipt."""
