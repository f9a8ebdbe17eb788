"""Drafting a contract: what is counted in landed and staged files, and the YAML a draft is written as."""
