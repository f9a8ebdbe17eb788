"""A file `<area>_<number>_<what>.py` for each migration; its revision is `<area>_<number>`, its label the area."""
