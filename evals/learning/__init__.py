"""The learning study: what lessons are worth from run to run, on generated sources that drift."""
