"""What a suite found, as one self-contained page with plots."""
