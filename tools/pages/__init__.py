"""Pages: explanations as self-contained HTML, from templates in which every value is escaped."""
