"""A small real job every room can use: two tables, three header variants, every end a row can meet."""

import textwrap
from dataclasses import dataclass
from pathlib import Path

import pytest

from graphs.session import run
from state.run import RunContext

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: shop-small
name: shop small
version: 1.0.0
status: active
schema:
  - name: customers
    customProperties:
      - {property: millwright.sources, value: ["customers*"]}
      - {property: millwright.maxQuarantine, value: 0.5}
    properties:
      - {name: customer_id, logicalType: integer, primaryKey: true, required: true}
      - {name: name, logicalType: string, required: true}
      - name: country
        logicalType: string
        quality:
          - metric: invalidValues
            arguments: {validValues: ["Germany", "United Kingdom", "South Korea"]}
            mustBe: 0
  - name: orders
    customProperties:
      - {property: millwright.sources, value: ["orders*"]}
      - {property: millwright.keep, value: "latest:updated_at"}
      - {property: millwright.maxQuarantine, value: 0.5}
    properties:
      - {name: order_id, logicalType: integer, primaryKey: true, required: true}
      - name: customer_id
        logicalType: integer
        relationships:
          - {to: customers.customer_id}
      - {name: order_date, logicalType: date, required: true}
      - {name: amount, logicalType: number, physicalType: "DECIMAL(10,2)", logicalTypeOptions: {minimum: 0}}
      - {name: updated_at, logicalType: timestamp}
  - name: totals
    customProperties:
      - {property: millwright.transformSourceObjects, value: [orders, customers]}
      - property: millwright.transformLogic
        value: >-
          select c.country, count(*) as orders, sum(o.amount) as amount
          from orders o join customers c using (customer_id) group by c.country
    properties:
      - {name: country, logicalType: string, primaryKey: true, required: true}
      - {name: orders, logicalType: integer}
      - {name: amount, logicalType: number, physicalType: "DECIMAL(12,2)"}
"""

CUSTOMERS = """
customer_id,name,country
1, Ann ,Germany
2,Bob,UK
3,Eve,"Korea, South"
4,Old,Atlantis
"""

ORDERS_1 = """
order_id,customer_id,order_date,amount,updated_at
10,1,2024-03-01,"1,200.50",2024-03-01 10:00:00
11,2,13/03/2024,5,2024-03-13 10:00:00
11,2,13/03/2024,7,2024-03-14 10:00:00
12,9,2024-03-02,1,2024-03-02 10:00:00
broken line
"""

ORDERS_2 = """
OrderID;Customer Id;Order Date;Amount;Updated At;Channel
13;3;04/03/2024;8.25;2024-03-04 10:00:00;web
14;1;25/03/2024;-3;2024-03-25 10:00:00;shop
"""


@dataclass(frozen=True)
class Job:
    """Paths of a job."""

    contract: Path
    sources: Path
    out: Path
    home: Path


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return make_job(tmp_path)


def make_job(folder: Path) -> Job:
    sources = folder / "input"
    sources.mkdir()
    (folder / "contract.yaml").write_text(textwrap.dedent(CONTRACT).lstrip())
    for name, text in (("customers.csv", CUSTOMERS), ("orders_1.csv", ORDERS_1), ("orders_2.csv", ORDERS_2)):
        (sources / name).write_text(text.lstrip())
    return Job(folder / "contract.yaml", sources, folder / "out", folder / "home")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """The job, run once under the id "r1"; whoever reads it leaves it as it is."""
    done = make_job(tmp_path_factory.mktemp("finished"))
    run(done.contract, [str(done.sources)], done.out, run_id="r1", context=RunContext(home=str(done.home)))
    return done
