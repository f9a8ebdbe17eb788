"""Suite `hierarchy`: many small files through one run, with workers that fail, hang or lie."""
