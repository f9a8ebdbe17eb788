"""Suite `hierarchy`: many small files in one run, with workers that fail, hang or lie."""
