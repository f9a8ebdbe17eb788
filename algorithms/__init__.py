"""Pure algorithms: they know neither LangGraph nor files and import only `state`."""
