"""The suite `reasoning`: faults put into generated files, diagnosed from what the product leaves of them."""
