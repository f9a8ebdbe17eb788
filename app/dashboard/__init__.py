"""The dashboard: pages of runs, agents, alerts and questions, served beside the graphs."""
