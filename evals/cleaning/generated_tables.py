"""Generated tables that are right: ten domains with and without redundancy, from a seed.

Dependencies are of every kind that tables have: exact ones, ones with natural exceptions, pairs of columns, none at all.
"""

import random
from collections.abc import Callable
from typing import Final

from evals.cleaning.generated_words import accented, day, digits, distinct, letters, name, phrase, skewed, word

Columns = dict[str, list[str]]


def _table(header: str, rows: list[tuple[str, ...]]) -> Columns:
    return {title: [row[place] for row in rows] for place, title in enumerate(header.split())}


def clinics(chance: random.Random, rows: int) -> Columns:
    """Each clinic has one row for each measure: two families of columns that determine each other."""
    states = distinct(chance, 4, lambda one: letters(one, 2))
    clinic = [
        (str(20_000 + 7 * n), f"{phrase(chance, 2)} clinic", f"{digits(chance, 3)} {word(chance)} street", name(chance))
        + (
            chance.choice(states),
            digits(chance, 5),
            digits(chance, 10),
            skewed(chance, ["public", "private", "church"]),
        )
        for n in range(max(8, rows // 18))
    ]
    measure = [
        (f"{word(chance, 1)}-{n}", phrase(chance, 8), chance.choice(["heart", "lung", "surgery", "birth"]))
        for n in range(20)
    ]
    made = []
    for n in range(rows):
        place, what = clinic[n // 18 % len(clinic)], measure[(n * 7 + n // 18) % len(measure)]
        made.append((str(n + 1), *place, *what, f"{chance.randint(40, 100)}%", f"{chance.randint(1, 400)} cases"))
    return _table("row_no clinic_id clinic street city state zip phone owner code measure area score sample", made)


def residents(chance: random.Random, rows: int) -> Columns:
    """Zip determines city and state; an exemption follows from state and status together; few names repeat by rule."""
    places = [
        (digits(chance, 5), name(chance), letters(chance, 2), digits(chance, 3)) for _ in range(max(12, rows // 12))
    ]
    states = sorted({place[2] for place in places})
    single = {state: str(100 * chance.randint(0, 40)) for state in states}
    married = {state: str(100 * chance.randint(0, 80)) for state in states}
    first = [(word(chance).title(), chance.choice("MF")) for _ in range(60)]
    made = []
    for _ in range(rows):
        zip_code, city, state, area = chance.choice(places)
        given, gender = chance.choice(first)
        status = chance.choice("SM")
        exemption = single[state] if status == "S" else married[state]
        salary = str(500 * chance.randint(20, 300))
        made.append(
            (given, name(chance), gender, area, f"{digits(chance, 3)}-{digits(chance, 4)}", city, state, zip_code)
            + (status, salary, f"{chance.uniform(0, 9):.2f}", exemption)
        )
    return _table("first last gender area phone city state zip status salary rate exemption", made)


def orders(chance: random.Random, rows: int) -> Columns:
    """No redundancy: nothing in a row determines anything else."""
    made = [
        (f"O-{100_000 + n}", day(chance, "%Y-%m-%d"), str(chance.randint(1, 20)), f"{chance.lognormvariate(3, 1):.2f}")
        + (skewed(chance, ["card", "cash", "transfer", "voucher"]), phrase(chance, 3), name(chance))
        + (f"{chance.uniform(0.1, 40):.1f} kg",)
        for n in range(rows)
    ]
    return _table("order_id ordered quantity amount payment note customer weight", made)


def arrivals(chance: random.Random, rows: int) -> Columns:
    """Many sources report the same trips; the clean table is what happened."""
    sources = distinct(chance, 20, word)
    trips = [f"{letters(chance, 2)}-{digits(chance, 4)}" for _ in range(max(4, rows // 20))]
    plan = {trip: (_clock(chance), _clock(chance), letters(chance, 1) + digits(chance, 2)) for trip in trips}
    made = [
        (str(n + 1), sources[n % 20], trips[n // 20 % len(trips)], *plan[trips[n // 20 % len(trips)]])
        for n in range(rows)
    ]
    return _table("row_no source trip departure arrival gate", made)


def _clock(chance: random.Random) -> str:
    hour, minute = chance.randint(1, 12), chance.randint(0, 59)
    return f"{hour}:{minute:02d} {chance.choice(['am', 'pm'])}"


def articles(chance: random.Random, rows: int) -> Columns:
    """A journal has a number and a language; all else of an article is its own."""
    journal = [
        (
            f"{phrase(chance, 2)} review",
            f"{digits(chance, 4)}-{digits(chance, 4)}",
            skewed(chance, ["eng", "fre", "ger"]),
        )
        for _ in range(max(6, rows // 9))
    ]
    made = []
    for n in range(rows):
        start = chance.randint(1, 900)
        made.append(
            (str(5_000 + n), phrase(chance, 6), *skewed_row(chance, journal), day(chance, "%m/%d/%y"))
            + (str(chance.randint(1, 60)), str(chance.randint(1, 12)), f"{start}-{start + chance.randint(2, 30)}")
            + (f"{accented(chance)}, {name(chance)}",)
        )
    return _table("id title journal issn language created volume issue pages authors", made)


def skewed_row(chance: random.Random, choices: list[tuple[str, ...]]) -> tuple[str, ...]:
    """Return one of the rows, the first ones more often."""
    return choices[min(int(chance.expovariate(4 / len(choices))), len(choices) - 1)]


def products(chance: random.Random, rows: int) -> Columns:
    """A type belongs to a department, mostly; brands have a home country; names and prices are free."""
    types = [(word(chance), skewed(chance, ["garden", "kitchen", "office", "sport"])) for _ in range(25)]
    brands = [(name(chance), accented(chance)) for _ in range(max(10, rows // 15))]
    made = []
    for n in range(rows):
        kind, department = chance.choice(types)
        if chance.random() < 0.03:  # noqa: PLR2004  natural exceptions
            department = chance.choice(["garden", "kitchen", "office", "sport"])
        brand, country = chance.choice(brands)
        made.append(
            (f"SKU{10_000 + 3 * n}", f"{brand} {word(chance)} {kind}", brand, country, kind, department)
            + (f"{chance.uniform(1, 200):.2f}", f"{chance.choice([100, 250, 330, 500, 750])} ml")
            + (chance.choice(["red", "green", "blue", "black", "white"]),)
        )
    return _table("sku title brand country kind department price volume colour", made)


def stations(chance: random.Random, rows: int) -> Columns:
    """Readings of stations: the station's own columns are redundant, the readings are not."""
    station = [
        (f"ST{n:03d}", name(chance), f"{chance.uniform(45, 55):.4f}", f"{chance.uniform(5, 20):.4f}")
        + (str(chance.randint(1, 2500)), skewed(chance, ["north", "south", "east"]))
        for n in range(max(5, rows // 25))
    ]
    made = []
    for _ in range(rows):
        where = chance.choice(station)
        made.append((*where, day(chance, "%d.%m.%Y"), f"{chance.gauss(12, 6):.1f}", f"{chance.uniform(20, 100):.0f}"))
    return _table("station place lat lon height region measured temperature humidity", made)


def films(chance: random.Random, rows: int) -> Columns:
    """Directors, genres and ratings repeat, and determine nothing."""
    directors = distinct(chance, max(10, rows // 4), lambda one: f"{name(one)} {name(one)}")
    made = [
        (phrase(chance, 3).title(), str(chance.randint(1950, 2024)), skewed(chance, directors))
        + (skewed(chance, ["Drama", "Comedy", "Action", "Horror", "Romance"]), f"{chance.randint(70, 190)} min")
        + (
            f"{chance.uniform(1, 10):.1f}",
            day(chance, "%d %B %Y"),
            skewed(chance, ["English", "French", "Hindi", "Urdu"]),
        )
        for _ in range(rows)
    ]
    return _table("title year director genre duration rating released language", made)


def staff(chance: random.Random, rows: int) -> Columns:
    """A team has a head, a floor and a site; a title mostly a grade; the rest is the person's."""
    teams = [
        (word(chance), f"{name(chance)} {name(chance)}", str(chance.randint(1, 9))) for _ in range(max(6, rows // 30))
    ]
    sites = {team[0]: chance.choice(["Hamburg", "Lyon", "Porto", "Gdansk"]) for team in teams}
    grades = {word(chance): chance.choice("ABCDE") for _ in range(12)}
    made = []
    for n in range(rows):
        team, title = chance.choice(teams), chance.choice(list(grades))
        grade = grades[title] if chance.random() < 0.9 else chance.choice("ABCDE")  # noqa: PLR2004
        made.append(
            (f"E{n:05d}", accented(chance), *team, sites[team[0]], title, grade)
            + (day(chance, "%Y-%m-%d"), f"{word(chance)}.{word(chance)}@{word(chance)}.example", f"{digits(chance, 5)}")
        )
    return _table("id person team head floor site title grade hired mail salary", made)


def census(chance: random.Random, rows: int) -> Columns:
    """Few values in each column, all of them frequent; one exact pair of columns, and much that merely leans."""
    degrees = distinct(chance, 10, word)
    jobs = distinct(chance, 12, word)
    made = []
    for _ in range(rows):
        degree = skewed(chance, degrees)
        sex = chance.choice(["male", "female"])
        job = jobs[degrees.index(degree)] if chance.random() < 0.6 else skewed(chance, jobs)  # noqa: PLR2004
        kin = skewed(chance, ["husband" if sex == "male" else "wife", "alone", "child", "other"])
        made.append(
            (str(min(90, 17 + int(chance.expovariate(0.05)))), degree, str(degrees.index(degree) + 1), job, kin, sex)
            + (str(chance.choice([20, 35, 40, 40, 40, 45, 50, 60])), skewed(chance, ["<=50K", ">50K"]))
            + (skewed(chance, ["north", "south", "east", "west"]),)
        )
    return _table("age degree degree_no job kin sex hours income region", made)


DOMAINS: Final[dict[str, Callable[[random.Random, int], Columns]]] = {
    "arrivals": arrivals,
    "articles": articles,
    "census": census,
    "clinics": clinics,
    "films": films,
    "orders": orders,
    "products": products,
    "residents": residents,
    "staff": staff,
    "stations": stations,
}
"""The domains by name."""
