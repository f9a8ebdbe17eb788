"""Ways in: settings, command line, rendering."""
