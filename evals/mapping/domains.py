"""Tables of several domains, made from a seed: the material that pairs are cut from.

A domain is a list of columns, each a maker of one cell from the row's random numbers, its place, and the cells before
it. Columns that are easily taken for each other (dates, ids, amounts, names, codes) stand in every one.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

Row = dict[str, str]
Maker = Callable[[random.Random, int, Row], str]

_GIVEN = (
    "Ana",
    "Bela",
    "Chidi",
    "Dora",
    "Emil",
    "Farah",
    "Goran",
    "Hana",
    "Ivo",
    "Jana",
    "Kofi",
    "Lena",
    "Milo",
    "Nora",
)
_FAMILY = (
    "Abel",
    "Brandt",
    "Cole",
    "Diaz",
    "Ekholm",
    "Fuchs",
    "Grant",
    "Haas",
    "Ito",
    "Jensen",
    "Kovac",
    "Lund",
    "Moss",
)
_NOUNS = ("River", "Stone", "Garden", "Winter", "Harbour", "Lantern", "Meadow", "Signal", "Mirror", "Copper", "Orchard")
_TOWNS = MappingProxyType(
    {
        "Aarhus": "Midtjylland", "Viborg": "Midtjylland", "Odense": "Syddanmark", "Esbjerg": "Syddanmark",
        "Lyon": "Rhone", "Villeurbanne": "Rhone", "Bordeaux": "Gironde", "Graz": "Styria", "Leoben": "Styria",
        "Linz": "Upper Austria", "Wels": "Upper Austria", "Porto": "Norte", "Braga": "Norte", "Faro": "Algarve",
    }
)  # fmt: skip
_SPECIES = {"Quercus robur": "Fagaceae", "Fagus sylvatica": "Fagaceae", "Acer campestre": "Sapindaceae"}
_SPECIES |= {"Tilia cordata": "Malvaceae", "Betula pendula": "Betulaceae", "Alnus glutinosa": "Betulaceae"}


def _person(rng: random.Random, _: int, __: Row) -> str:
    return f"{rng.choice(_GIVEN)} {rng.choice(_FAMILY)}"


def _of(*choices: str) -> Maker:
    return lambda rng, _, __: rng.choice(choices)


def _serial(first: int, step: int = 1) -> Maker:
    return lambda _, place, __: str(first + place * step)


def _whole(low: int, high: int) -> Maker:
    return lambda rng, _, __: str(rng.randint(low, high))


def _code(prefix: str, low: int, high: int) -> Maker:
    return lambda rng, _, __: f"{prefix}{rng.randint(low, high)}"


def _money(low: float, high: float) -> Maker:
    return lambda rng, _, __: f"{rng.uniform(low, high):.2f}"


def _bell(mean: float, spread: float, digits: int = 1) -> Maker:
    return lambda rng, _, __: f"{rng.gauss(mean, spread):.{digits}f}"


def _day(first: int, last: int) -> Maker:
    return lambda rng, _, __: f"{rng.randint(first, last)}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"


def _clock(first: int, last: int) -> Maker:
    return lambda rng, _, __: f"{rng.randint(first, last):02d}:{rng.randint(0, 59):02d}"


def _title(words: int) -> Maker:
    return lambda rng, _, __: " ".join(["The", *(rng.choice(_NOUNS) for _ in range(words))])


def _town(rng: random.Random, _: int, __: Row) -> str:
    return rng.choice(tuple(_TOWNS))


def _looked_up(column: str, known: Mapping[str, str]) -> Maker:
    return lambda _, __, row: known[row[column]]


def _mail(column: str, house: str) -> Maker:
    return lambda _, __, row: row[column].lower().replace(" ", ".") + f"@{house}.example"


def _mostly_blank(maker: Maker, filled: float) -> Maker:
    return lambda rng, place, row: maker(rng, place, row) if rng.random() < filled else ""


_WEATHER, _LEVELS = ("clear", "rain", "snow", "fog"), ("low", "medium", "high")

DOMAINS: Mapping[str, Mapping[str, Maker]] = MappingProxyType(
    {
        "library": {
            "loan_id": _serial(50_000),
            "member_number": _code("M", 1000, 1400),
            "member_name": _person,
            "member_email": _mail("member_name", "books"),
            "title": _title(2),
            "isbn": _code("97805", 10_000_000, 10_000_400),
            "branch_town": _town,
            "loan_date": _day(2019, 2022),
            "due_date": _day(2019, 2023),
            "return_date": _mostly_blank(_day(2019, 2023), 0.7),
            "late_fee": _money(0, 9),
            "renewals": _whole(0, 4),
        },
        "energy": {
            "meter_id": _code("EM-", 100, 220),
            "reading_date": _day(2021, 2023),
            "reading_time": _clock(0, 23),
            "town": _town,
            "region": _looked_up("town", _TOWNS),
            "consumption_kwh": _bell(420, 90),
            "peak_power": _bell(7, 2),
            "tariff": _of("day", "night", "flat"),
            "voltage": _bell(231, 2),
            "temperature": _bell(12, 7),
            "technician": _person,
            "remark": _mostly_blank(_of("estimated", "seal broken", "no access"), 0.2),
        },
        "staff": {
            "employee_id": _serial(1001, 3),
            "employee_name": _person,
            "work_email": _mail("employee_name", "works"),
            "department": _of("sales", "finance", "research", "legal", "support"),
            "job_title": _of("clerk", "lead", "head", "intern"),
            "hire_date": _day(2001, 2022),
            "birth_date": _day(1958, 2003),
            "monthly_salary": _money(2100, 7800),
            "annual_bonus": _money(0, 9000),
            "office_town": _town,
            "manager_name": _person,
            "vacation_days": _whole(20, 34),
        },
        "clinic": {
            "patient_id": _code("P", 20_000, 20_700),
            "visit_date": _day(2020, 2023),
            "admission_time": _clock(6, 20),
            "discharge_time": _clock(9, 23),
            "ward": _of("a1", "a2", "b1", "c3"),
            "diagnosis_code": _code("J", 10, 60),
            "systolic_pressure": _bell(128, 14, 0),
            "diastolic_pressure": _bell(81, 9, 0),
            "heart_rate": _bell(74, 10, 0),
            "attending_physician": _person,
            "insurance_number": _code("99", 100_000, 100_900),
            "follow_up": _of("yes", "no"),
        },
        "trees": {
            "tree_number": _serial(7),
            "species": _of(*_SPECIES),
            "family": _looked_up("species", _SPECIES),
            "trunk_diameter": _bell(42, 12),
            "crown_width": _bell(8, 2),
            "height": _bell(15, 4),
            "planting_year": _whole(1930, 2020),
            "inspection_date": _day(2018, 2023),
            "inspector": _person,
            "street": _title(1),
            "district": _of("north", "east", "south", "west"),
            "condition": _of("good", "fair", "poor", "dead"),
        },
        "matches": {
            "match_id": _serial(300),
            "season": _whole(2010, 2022),
            "match_day": _whole(1, 34),
            "kickoff_time": _clock(13, 21),
            "home_team": _of(*(f"{town} {club}" for town in _TOWNS for club in ("FC", "SV"))),
            "away_team": _of(*(f"{town} {club}" for town in _TOWNS for club in ("FC", "SV"))),
            "home_goals": _whole(0, 5),
            "away_goals": _whole(0, 4),
            "attendance": _whole(900, 42_000),
            "referee": _person,
            "stadium": _title(1),
            "weather": _of(*_WEATHER),
        },
        "freight": {
            "shipment_id": _code("SH", 700_000, 709_999),
            "origin_town": _town,
            "destination_town": _town,
            "sender_name": _person,
            "receiver_name": _person,
            "gross_weight": _bell(820, 260),
            "net_weight": _bell(760, 240),
            "departure_date": _day(2022, 2023),
            "arrival_date": _day(2022, 2023),
            "carrier_code": _code("C", 10, 25),
            "declared_value": _money(100, 90_000),
            "priority": _of(*_LEVELS),
        },
        "rooms": {
            "listing_number": _serial(81_000, 7),
            "host_name": _person,
            "guest_name": _person,
            "street_address": _title(2),
            "postal_code": _whole(10_000, 10_120),
            "town": _town,
            "region": _looked_up("town", _TOWNS),
            "price_per_night": _money(35, 240),
            "cleaning_fee": _money(10, 60),
            "check_in_date": _day(2021, 2023),
            "check_out_date": _day(2021, 2023),
            "review_score": _bell(4.3, 0.4),
            "room_type": _of("shared", "private", "whole"),
        },
    }
)
"""Domain -> column -> maker of its cells, in the order of the row."""

HELD_OUT = frozenset({"freight", "rooms", "matches"})
"""Domains that nobody looked at while the weights were set."""


def make_rows(domain: str, count: int, rng: random.Random) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the header and `count` rows of a domain."""
    makers: Mapping[str, Maker] = DOMAINS[domain]
    rows: list[tuple[str, ...]] = []
    for place in range(count):
        row: Row = {}
        for column, maker in makers.items():
            row[column] = maker(rng, place, row)
        rows.append(tuple(row.values()))
    return tuple(makers), rows


def columns_of(domain: str) -> Sequence[str]:
    """Return the columns of a domain in the order of its rows."""
    return tuple(DOMAINS[domain])
