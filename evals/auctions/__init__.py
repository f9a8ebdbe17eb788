"""Do the auctions keep what theory promises, where are they weak, and do they pay in real runs."""
