"""Games: equilibria with certificates, structure, bargaining, and divisions among coalitions."""
