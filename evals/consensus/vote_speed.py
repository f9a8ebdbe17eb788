"""What a Byzantine vote costs with real signatures."""

import time

from algorithms.voting.byzantine import ByzantineVoter
from algorithms.voting.byzantine_group import NoTraitors, play
from evals.consensus.vote_safety import motion_of
from state.faults import FaultSchedule
from tools.signing import key_ring


def seconds_a_decision(number: int) -> float:
    """Return the processor seconds of one vote in which all agree, with Ed25519, all voters in one process."""
    names = [f"v{place}" for place in range(number)]
    signers, verifier = key_ring(names)
    tolerance, motion = (number - 1) // 3, motion_of(("yes", "no"))
    voters = {
        place: ByzantineVoter(place, names, tolerance, motion, signers[name], verifier)
        for place, name in enumerate(names)
    }
    began = time.process_time()
    play(voters, dict.fromkeys(voters, "yes"), NoTraitors(), FaultSchedule())
    return time.process_time() - began
