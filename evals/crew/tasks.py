"""The folders of the suite as data: kinds of mess by drift and size, and folders with a fault. Seeds give the rest."""

from collections.abc import Iterator

from evals.folders.spec import FolderSpec, Mess

PROFILES: dict[str, dict[Mess, float]] = {
    "clean": {},
    "headers": {Mess.HEADERS: 0.7, Mess.COLUMNS: 0.5},
    "aliases": {Mess.ALIASES: 0.7},
    "formats": {Mess.DATES: 0.6, Mess.NUMBERS: 0.5},
    "dialects": {Mess.DIALECT: 0.8},
    "rows": {Mess.BLANKS: 0.03, Mess.MISSPELT: 0.03, Mess.REPEATS: 0.03, Mess.INVALID: 0.02, Mess.BROKEN: 0.01},
    "impossible": {Mess.IMPOSSIBLE: 0.03, Mess.INVALID: 0.01},
    "everything": {
        **dict.fromkeys((Mess.HEADERS, Mess.ALIASES, Mess.DATES, Mess.NUMBERS, Mess.DIALECT, Mess.COLUMNS), 0.35),
        **dict.fromkeys((Mess.BLANKS, Mess.MISSPELT, Mess.REPEATS, Mess.IMPOSSIBLE), 0.015),
        **dict.fromkeys((Mess.INVALID, Mess.BROKEN), 0.005),
    },
}
"""Rates by kind of mess, by name."""

SIZES = {"small": (120, 3), "middle": (400, 5), "large": (2_000, 12)}
"""Rows and files by name."""

SCENES = (("small", 0), ("middle", 2), ("large", 4))
"""Each profile's sizes, each with the number of deliveries that came before."""

FAULTS = (
    ("delimiter_lines", "orders"),
    ("foreign_broken", "shipments"),
    ("key_missing", "orders"),
    ("key_restarted", "visits"),
    ("sentinel", "stores"),
    ("shifted", "sensors"),
    ("unit", "stores"),
    ("swapped", "stores"),
    ("outliers", "payroll"),
)
"""Faults that a contract fails for, each with a domain that it can happen in."""

_DOMAINS = ("orders", "shipments", "sensors", "visits", "stores", "payroll", "budget")


def specs(seeds: int) -> Iterator[FolderSpec]:
    """Yield the folders of so many seeds: every profile in each scene, then every fault."""
    for seed in range(1, seeds + 1):
        for number, (profile, mess) in enumerate(PROFILES.items()):
            for turn, (size, drift) in enumerate(SCENES):
                rows, files = SIZES[size]
                yield FolderSpec(
                    name=f"{profile}-{size}-{seed}",
                    seed=1_000 * seed + 10 * number + turn,
                    domain=_DOMAINS[(3 * number + turn + seed) % len(_DOMAINS)],
                    rows=rows,
                    files=files,
                    mess=mess,
                    drift=drift,
                )
        for fault, domain in FAULTS:
            yield FolderSpec(name=f"fault-{fault}-{seed}", seed=1_000 * seed, domain=domain, files=4, fault=fault)
