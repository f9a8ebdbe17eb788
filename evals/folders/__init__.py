"""Generated messy folders: files of several sources, their contract, and the truth about every row."""
