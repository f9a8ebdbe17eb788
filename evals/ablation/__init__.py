"""Suite `ablation`: each coordination pattern on and off, over the same jobs."""
