"""Which cases a kind has: its variants in domains that were looked at and in those that were not, for each seed."""

from collections.abc import Sequence

from evals.reasoning.cases import KINDS, CaseSpec
from evals.reasoning.damage import Target
from evals.reasoning.domains import DOMAINS, HELD_OUT
from evals.reasoning.others import HELD_OUT_KINDS

FIRST_SEED = 1001
"""Smaller ones were looked at."""


def specs(kind: str, seeds: int) -> list[CaseSpec]:
    """Return the cases of a kind, of all seeds one after the other."""
    return [spec for seed in range(FIRST_SEED, FIRST_SEED + seeds) for spec in specs_of(kind, seed)]


def specs_of(kind: str, seed: int) -> list[CaseSpec]:
    """Return the cases of one seed: each variant in a domain that was looked at and one that was not."""
    found, known = KINDS[kind][0], [name for name in DOMAINS if name not in HELD_OUT]
    cases = []
    for turn, variant in enumerate((*found.variants, *found.held_out)):
        odd = variant in found.held_out or kind in HELD_OUT_KINDS
        cases += [
            CaseSpec(kind=kind, variant=variant, domain=domain, seed=seed + turn, held_out=odd or domain in HELD_OUT)
            for domains in (known, sorted(HELD_OUT))
            for domain in _fitting(kind, variant, domains, seed + turn)
        ]
    return cases


def _fitting(kind: str, variant: str, domains: Sequence[str], turn: int) -> list[str]:
    """Return the first domain, from the turn on, in which the fault can happen."""
    for at in range(len(domains)):
        domain = domains[(turn + at) % len(domains)]
        if KINDS[kind][1](Target(DOMAINS[domain](turn, 300, 3), turn), variant):
            return [domain]
    return []
