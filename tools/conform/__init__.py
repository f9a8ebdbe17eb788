"""From landed text to typed, mapped and resolved columns."""
