"""What the crew is compared with: a straight-line pipeline, and one agent with all tools."""
