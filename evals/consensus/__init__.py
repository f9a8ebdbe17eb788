"""Does consensus hold: scripts that others wrote, and schedules that try to break it."""
