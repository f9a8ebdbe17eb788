"""The suite `games`: equilibria, bargaining and coalitions against an own judge, known answers and axioms."""
