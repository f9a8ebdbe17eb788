"""What the operation database says."""


def alerts_now() -> tuple[object, ...]:
    """Return the alerts that are open."""
    return ()
