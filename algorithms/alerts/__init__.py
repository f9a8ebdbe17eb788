"""The state machine of an alert, its escalation, and trends of figures."""
