"""Loop detection on labelled traces: the traces, and the suite that judges the detector on them."""
