"""Auctions: mechanisms, several tasks at once, bids from history, reputation, statistics."""
