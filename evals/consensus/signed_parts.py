"""PBFT and stake as parts of the suite `consensus`."""

from algorithms.consensus.pbft_traitors import PBFT_TRAITORS
from algorithms.consensus.stake_traitors import STAKE_TRAITORS
from evals.consensus import pbft_scenes, stake_scenes
from evals.consensus.pbft_bugs import BUGS
from evals.consensus.pbft_runs import left_waiting, run_pbft
from evals.consensus.signed_costs import pbft_counts, pbft_rates, stake_counts, stake_rates
from evals.consensus.signed_part import SignedPart
from evals.consensus.stake_bugs import STAKE_BUGS
from evals.consensus.stake_runs import run_stake, stake_left_waiting

_A_THIRD = 34  # of a stake of 100: the least that can tell two stories

PBFT = SignedPart(
    name="pbft",
    run=run_pbft,
    left_waiting=left_waiting,
    bugs=BUGS,
    scenes=pbft_scenes.SCENES,
    traitors=tuple(PBFT_TRAITORS),
    too_few=lambda: pbft_scenes.two_stories(1),
    enough=lambda: pbft_scenes.two_stories(2),
    counts=pbft_counts,
    rates=pbft_rates,
)

STAKE = SignedPart(
    name="stake",
    run=run_stake,
    left_waiting=stake_left_waiting,
    bugs=STAKE_BUGS,
    scenes=stake_scenes.STAKE_SCENES,
    traitors=tuple(STAKE_TRAITORS),
    too_few=lambda: stake_scenes.two_stories(_A_THIRD - 1),
    enough=lambda: stake_scenes.two_stories(_A_THIRD),
    counts=stake_counts,
    rates=stake_rates,
)
