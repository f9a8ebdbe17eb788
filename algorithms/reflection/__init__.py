"""Reflection: from the experience of past runs to lessons for the next one. Pure."""
