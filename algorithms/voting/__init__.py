"""Voting: tallies, reliability of voters, and votes among voters of which some lie. Pure: no input, no output."""
