"""Alerts: rules evaluated, people told through channels, escalation, acknowledgement, silence and history."""
