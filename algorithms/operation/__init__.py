"""Operation: which agents are fit, what is done about those that are not, and which version of one decides. Pure."""
