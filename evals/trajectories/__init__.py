"""The ways runs and workers go, held against reference trajectories by agentevals."""
