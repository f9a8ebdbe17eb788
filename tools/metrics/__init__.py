"""Metrics of the operation: taken from what runs left, kept in bounded history, shown as report and exposition."""
