"""The decision log on disk: keys of the members, their copies of the log, and adopting an entry."""
