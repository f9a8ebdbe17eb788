"""Hierarchical delegation, pure: sizing, rules, cutting work into orders, delegating again, figures."""
