"""What a check of a protocol raises."""


class SafetyError(AssertionError):
    """A property of the protocol does not hold."""

    def __init__(self, name: str, detail: str) -> None:
        super().__init__(f"{name}: {detail}")
        self.name = name
