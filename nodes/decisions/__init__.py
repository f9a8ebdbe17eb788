"""The points where judgement is needed: evidence, answer, expert rule and check, one decision a file."""
