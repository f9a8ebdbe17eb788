"""Traces of runs, sent to LangSmith or an OpenTelemetry collector with their values masked."""
