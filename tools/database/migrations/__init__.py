"""Migrations of the database: one base for each area, labelled with its name, in `versions/`."""
