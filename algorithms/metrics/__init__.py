"""Figures from measurements: histograms with a stated error, the health score, recommendations."""
