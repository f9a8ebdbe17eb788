"""The database of operation: SQLite in the home folder, or PostgreSQL by setting one URL."""
