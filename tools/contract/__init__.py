"""Reading and validating Open Data Contract Standard files."""
