"""Which messages are lost under a fault schedule: drawn by the id of each, so that no order of time changes it."""

import hashlib

from state.hub import HubFaults


def is_lost(faults: HubFaults, message_id: str) -> bool:
    """Return whether a message is lost."""
    if any(message_id.endswith(each) for each in faults.lost):
        return True
    return bool(faults.drop) and draw(faults.seed, "drop", message_id) < faults.drop


def draw(seed: int, what: str, subject: str) -> float:
    """Return a number from 0 up to 1 that depends on nothing else."""
    text = f"{seed} {what} {subject}".encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8]) / 2**64
