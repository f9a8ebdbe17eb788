"""The second gate: published tables judged by checkers that share no code with this product."""
