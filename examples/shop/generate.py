"""Makes a small, messy shop: customers and orders as many hands export them, and the truth about them.

    python examples/shop/generate.py OUT_DIR [--seed 7]

Writes OUT_DIR/input/ (the files to give to Millwright), OUT_DIR/truth/customers.csv and orders.csv (the rows that
should be published, canonical) and OUT_DIR/truth/accounting.json (rows read, published, quarantined and merged per
table; `rejects` are the lines among the quarantined that are no records). The same seed gives the same bytes.
"""
# ruff: noqa: PLR2004, SIM905  chances stand where something goes wrong; lists of words read best as text

import argparse
import json
import random
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from exports import Entry, Export, accounting, clean, imperial, rendered, same_names, swapped, truth

FIRST = (
    "Anna Björn Chloé Dario Émile Frida Günter Håkon Inès José Klára Lukas Maria Niklas Olga Pál Renée Søren".split()
)
LAST = (
    "Almqvist Bauer Castaño Dubois Eriksson Fournier García Höfler Jensen Kovács Lindström Müller Núñez Rossi".split()
)
COUNTRIES = (
    "Austria Belgium Denmark Finland France Germany Hungary Italy Netherlands Portugal Spain Switzerland".split()
)
MISSPELT = {
    "Germany": "Germny",
    "France": "FRANCE",
    "Netherlands": "Netherland",
    "Switzerland": "Switzerlnd",
    "Portugal": "portugal ",
    "Denmark": "Denmrak",
    "Hungary": "Hungray",
}
STATUSES = ("placed", "shipped", "delivered", "returned")
COMMENTS = ("leave at the door", 'said "call first"', "gift, please wrap", "ring twice\nthen wait", "2nd floor; left")

CUSTOMERS = ("customer_id", "name", "email", "country", "signup_date", "newsletter", "credit_limit", "updated_at")
ORDERS = ("order_id", "customer_id", "order_date", "status", "quantity", "amount", "discount", "weight", "comment")


def main() -> None:
    """Read the command line and write input and truth."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    write_shop(arguments.out, arguments.seed)
    print(f"wrote {arguments.out / 'input'} and {arguments.out / 'truth'}")


def write_shop(out: Path, seed: int) -> None:
    """Write the input files and the truth below `out`."""
    chance = random.Random(seed)
    customers = customer_files(chance)
    known = [
        str(entry.values["customer_id"]) for _, entries in customers for entry in entries if entry.fate == "published"
    ]
    orders = order_files(chance, sorted(known))
    (out / "input").mkdir(parents=True, exist_ok=True)
    (out / "truth").mkdir(parents=True, exist_ok=True)
    for export, entries in [*customers, *orders]:
        (out / "input" / export.file).write_bytes(rendered(export, entries))
    (out / "input" / "orders_2024_empty.csv").write_bytes(b"")
    books = {}
    for table, columns, files in (("customers", CUSTOMERS, customers), ("orders", ORDERS, orders)):
        entries = [entry for _, listed in files for entry in listed]
        (out / "truth" / f"{table}.csv").write_text(truth(columns, entries), encoding="utf-8", newline="")
        books[table] = accounting(entries)
    (out / "truth" / "accounting.json").write_text(json.dumps({"tables": books}, indent=2) + "\n", encoding="utf-8")


def customer_files(chance: random.Random) -> list[tuple[Export, list[Entry]]]:
    """Return the customers as four systems export them, the last one with news on customers of the first."""
    plain = Export("customers_2023.csv", same_names(CUSTOMERS))
    legacy = Export(
        "customers_legacy.csv",
        (
            ("customer_id", "Customer No"),
            ("name", "Full Name"),
            ("country", "Country"),
            ("email", "E-Mail"),
            ("credit_limit", "Credit limit (EUR)"),
            ("newsletter", "Newsletter?"),
            ("signup_date", "Registered"),
            ("updated_at", "Last Change"),
        ),
        delimiter=";",
        encoding="cp1252",
        day="%d.%m.%Y",
        moment="%d.%m.%Y %H:%M:%S",
        yes_no=("yes", "no"),
        number=lambda _column, value: swapped(f"{value:,.2f}"),
    )
    partner = Export(
        "customers_partner.tsv",
        same_names(
            ("email", "customer_id", "name", "signup_date", "country", "newsletter", "updated_at", "credit_limit")
        ),
        delimiter="\t",
        encoding="utf-16-le",
        byte_order_mark=True,
        day="%d/%m/%Y",
        yes_no=("Y", "N"),
        number=lambda _column, value: str(value.to_integral_value()),
        form="NFD",
    )
    update = Export(
        "customers_update.csv.gz", (*same_names(CUSTOMERS), ("", "loyalty_tier")), byte_order_mark=True, line_end="\r\n"
    )
    first, second, third = (
        [customer(chance, number) for number in numbers]
        for numbers in (range(1, 151), range(151, 261), range(261, 361))
    )
    spoil_customers(chance, first, second)
    news = [newer(chance, entry) for entry in chance.sample([e for e in first if clean(e)], 25)]
    first.append(replace(first[40], fate="merged"))  # the same line twice
    first.append(Entry({}, fate="quarantined", broken="C0998,Cut Off,cut@"))
    second.insert(
        30, Entry({}, fate="quarantined", broken="C0999;One;Too;Many;1,00;no;01.02.2023;01.02.2023 10:00:00;;;x")
    )
    empty = Export("customers_new.csv", same_names(CUSTOMERS))
    return [(plain, first), (legacy, second), (partner, third), (update, news), (empty, [])]


def order_files(chance: random.Random, customers: Sequence[str]) -> list[tuple[Export, list[Entry]]]:
    """Return a year of orders as four systems export them."""
    first_quarter = Export("orders_2024_q1.csv", same_names(ORDERS))
    second_quarter = Export(
        "orders_2024_q2.csv",
        (
            ("order_date", "Purchased on"),
            ("order_id", "Order ID"),
            ("customer_id", "Customer"),
            ("comment", "Comment"),
            ("amount", "Total"),
            ("quantity", "Qty"),
            ("discount", "Discount"),
            ("weight", "Weight"),
            ("status", "Order Status"),
        ),
        delimiter=";",
        line_end="\r\n",
        day="%d/%m/%Y",
        number=lambda column, value: f"€ {value:,}" if column == "amount" else str(value),
    )
    third_quarter = Export(
        "orders_2024_q3.tsv.gz",
        same_names(ORDERS),
        delimiter="\t",
        byte_order_mark=True,
        day="%m/%d/%Y",
        number=imperial,
    )
    twice = Export("orders_2024_q4.csv", (*same_names(ORDERS[:8]), ("", "ref"), ("comment", "comment"), ("", "ref")))
    exports = (first_quarter, second_quarter, third_quarter, twice)
    files = []
    for quarter, export in enumerate(exports):
        numbers = range(1000 + 300 * quarter, 1300 + 300 * quarter)
        files.append((export, [order(chance, number, quarter, customers) for number in numbers]))
    spoil_orders(chance, [entries for _, entries in files])
    return files


def customer(chance: random.Random, number: int) -> Entry:
    """Return a customer as it is, with a spelling of the country or blanks around the name as people type them."""
    name = f"{chance.choice(FIRST)} {chance.choice(LAST)}"
    country = chance.choice(COUNTRIES)
    signup = date(2023, 1, 1) + timedelta(days=chance.randrange(330))
    entry = Entry(
        {
            "customer_id": f"C{number:04}",
            "name": name,
            "email": None if chance.random() < 0.05 else f"{ascii_name(name)}.{number}@shop.example",
            "country": country,
            "signup_date": signup,
            "newsletter": chance.random() < 0.4,
            "credit_limit": None if chance.random() < 0.1 else Decimal(chance.randrange(1, 60) * 50),
            "updated_at": datetime(2023, 12, 1, 8) + timedelta(minutes=chance.randrange(20_000)),  # noqa: DTZ001  exports
        }
    )
    if country in MISSPELT and chance.random() < 0.12:
        entry.written["country"] = MISSPELT[country]
    if chance.random() < 0.06:
        entry.written["name"] = f"  {name} "
    if entry.values["credit_limit"] is None and chance.random() < 0.5:
        entry.written["credit_limit"] = "n/a"
    return entry


def newer(chance: random.Random, entry: Entry) -> Entry:
    """Return a later state of a customer, which makes the earlier one superfluous."""
    entry.fate = "merged"
    later = datetime(2024, 1, 15, 9) + timedelta(minutes=chance.randrange(5_000))  # noqa: DTZ001  exports carry no zone
    return Entry({**entry.values, "credit_limit": Decimal(chance.randrange(61, 99) * 50), "updated_at": later})


def spoil_customers(chance: random.Random, *files: list[Entry]) -> None:
    """Make some customers unusable: no name, a country that is none, a day that does not exist."""
    for entries in files:
        nameless, elsewhere, timeless = chance.sample(entries[50:], 3)
        for entry, column, text in (
            (nameless, "name", ""),
            (elsewhere, "country", "Xanadu"),
            (timeless, "signup_date", "2023-02-30"),
        ):
            entry.written[column] = text
            entry.fate = "quarantined"


def order(chance: random.Random, number: int, quarter: int, customers: Sequence[str]) -> Entry:
    """Return an order as it is."""
    heavy = chance.random() < 0.8
    entry = Entry(
        {
            "order_id": number,
            "customer_id": chance.choice(customers),
            "order_date": date(2024, 1 + 3 * quarter, 1) + timedelta(days=chance.randrange(90)),
            "status": chance.choice(STATUSES),
            "quantity": chance.randint(1, 12),
            "amount": Decimal(chance.randrange(500, 400_000)) / 100,
            "discount": Decimal(chance.choice((0, 0, 5, 10, 15, 25))) / 100,
            "weight": Decimal(chance.randrange(1, 400)) / 10 if heavy else None,
            "comment": chance.choice(COMMENTS) if chance.random() < 0.15 else None,
        }
    )
    if not heavy and chance.random() < 0.5:
        entry.written["weight"] = "n/a"
    if chance.random() < 0.03:
        entry.written["customer_id"] = f" {entry.values['customer_id']}  "
    return entry


def spoil_orders(chance: random.Random, files: Sequence[list[Entry]]) -> None:
    """Make some orders unusable, repeat some lines exactly, and break some lines."""
    for entries in files:
        bad = chance.sample(entries[100:], 8)
        for entry, column, text in zip(
            bad,
            ("customer_id", "customer_id", "amount", "amount", "amount", "customer_id", "order_date", "quantity"),
            ("C7001", "C7002", "-12.50", "-3.00", "", "", "", "0"),
            strict=True,
        ):
            entry.written[column] = text
            entry.fate = "quarantined"
        for entry in chance.sample([entry for entry in entries if clean(entry)], 5):
            entries.append(replace(entry, fate="merged"))
    first, second, third, fourth = files
    first.insert(60, Entry({}, fate="quarantined", broken="9001,C0001,2024-01-05"))
    second.insert(80, Entry({}, fate="quarantined", broken="05/04/2024;9002;C0001;;€ 10.00;1;0;1.0;placed;;;surplus"))
    third.append(Entry({}, fate="quarantined", broken="9003\tC0001"))
    for entry in fourth:  # no other quote in this file, so that the one below is never closed
        if "comment" in entry.values and entry.values["comment"] is not None:
            entry.values["comment"] = "call first"
    fourth.insert(150, Entry({}, fate="quarantined", broken='9004,C0001,2024-10-05,placed,"1'))


def ascii_name(name: str) -> str:
    """Return a name as it stands in an e-mail address."""
    plain = unicodedata.normalize("NFD", name.replace("ø", "o")).encode("ascii", "ignore").decode()
    return plain.lower().replace(" ", ".")


if __name__ == "__main__":
    main()
