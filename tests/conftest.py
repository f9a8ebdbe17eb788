"""A small real job every room can use: two tables, three header variants, every end a row can meet."""

import os
import shutil
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from evals.postgres_server import PostgresServer, postgres_server
from graphs.session import run
from state.errors import SetupError
from state.run import RunContext

_MEMORY = Path("/dev/shm")  # noqa: S108  a folder of it is made as in any other place for temporary files
_ENOUGH = 8 * 2**30  # bytes; few tests together write one


def pytest_configure(config: pytest.Config) -> None:
    """Let the files of tests lie in memory where there is room: a small run syncs 250 times, and a disk is slow at it.

    What a process leaves that is killed is there all the same.
    """
    chosen = config.option.basetemp or "PYTEST_DEBUG_TEMPROOT" in os.environ
    if not chosen and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH:
        os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_MEMORY)


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

_MORE = """
- name: {name}
  customProperties:
    - {{property: millwright.sources, value: ["{name}*"]}}
    - {{property: millwright.maxQuarantine, value: 0.9}}
  properties:
    - {{name: id, logicalType: integer, primaryKey: true, required: true}}
    - {{name: name, logicalType: string, required: true}}
    - {{name: day, logicalType: date}}
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


@pytest.fixture(scope="session")
def new_job() -> Callable[[Path], Job]:
    """Make the job in a folder, for runs that several tests read."""
    return make_job


def make_job(folder: Path) -> Job:
    sources = folder / "input"
    sources.mkdir()
    (folder / "contract.yaml").write_text(textwrap.dedent(CONTRACT).lstrip())
    for name, text in (("customers.csv", CUSTOMERS), ("orders_1.csv", ORDERS_1), ("orders_2.csv", ORDERS_2)):
        (sources / name).write_text(text.lstrip())
    return Job(folder / "contract.yaml", sources, folder / "out", folder / "home")


_SMALL = """
apiVersion: v3.1.0
kind: DataContract
id: readings
name: readings
version: 1.0.0
status: active
schema:
  - name: readings
    customProperties:
      - {property: millwright.sources, value: ["*.csv"]}
    properties:
      - {name: reading_id, logicalType: integer, primaryKey: true, required: true}
      - {name: station, logicalType: string, required: true}
"""


@pytest.fixture
def small_job(tmp_path: Path) -> Job:
    """The smallest job there is: one table of one file."""
    return make_small_job(tmp_path)


@pytest.fixture(scope="session")
def new_small_job() -> Callable[[Path], Job]:
    """Make it in a folder."""
    return make_small_job


def make_small_job(folder: Path) -> Job:
    sources = folder / "readings"
    sources.mkdir()
    (folder / "readings.yaml").write_text(_SMALL.lstrip())
    (sources / "readings.csv").write_text("Reading ID,Station\n" + "".join(f"{at}, s{at % 3} \n" for at in range(20)))
    return Job(folder / "readings.yaml", sources, folder / "out", folder / "home")


_REPAIRED = """
    apiVersion: v3.1.0
    kind: DataContract
    id: places
    name: places
    version: 1.0.0
    status: active
    schema:
      - name: places
        customProperties:
          - {property: millwright.repair, value: all}
        properties:
          - {name: id, logicalType: integer, primaryKey: true, primaryKeyPosition: 1}
          - {name: city, logicalType: string}
          - {name: state, logicalType: string}
          - {name: zip, logicalType: string}
    """


@pytest.fixture
def several_tables(tmp_path: Path) -> Job:
    """A job of five tables: four from files, of which one refers to another, and one made by SQL of two of them."""
    return make_several_tables(tmp_path)


@pytest.fixture(scope="session")
def new_several_tables() -> Callable[[Path], Job]:
    """Make it in a folder."""
    return make_several_tables


def make_several_tables(folder: Path) -> Job:
    job = make_job(folder)
    text = job.contract.read_text()
    for name in ("returns", "stores"):
        text += textwrap.indent(textwrap.dedent(_MORE.format(name=name)).lstrip("\n"), "  ")
        rows = "".join(f"{row % 40}, {name} {row} ,{row % 28 + 1:02d}/03/2024\n" for row in range(60))
        (job.sources / f"{name}.csv").write_text("ID,Name,Day\n" + rows)
    job.contract.write_text(text)
    return job


@pytest.fixture(scope="session")
def new_repairing_job() -> Callable[[Path], Job]:
    """Make in a folder a job of one table with a key, of which all cells may be repaired, and some are wrong."""
    return make_repairing_job


def make_repairing_job(folder: Path) -> Job:
    sources = folder / "input"
    sources.mkdir()
    cities = [("denver", "colorado", "80202"), ("tucson", "arizona", "85701"), ("hartford", "connecticut", "06103")]
    rows = [[f"{number}", *cities[number % 3]] for number in range(150)]
    for number, column in ((5, 1), (40, 2), (77, 3), (101, 1), (130, 2)):
        rows[number][column] = "x" + rows[number][column][1:]
    text = "id,city,state,zip\n" + "".join(",".join(row) + "\n" for row in rows)
    (sources / "places.csv").write_text(text)
    (folder / "contract.yaml").write_text(textwrap.dedent(_REPAIRED).lstrip())
    return Job(folder / "contract.yaml", sources, folder / "out", folder / "home")


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Job:
    """The job, run once under the id "r1"; whoever reads it leaves it as it is."""
    done = make_job(tmp_path_factory.mktemp("finished"))
    run(done.contract, [str(done.sources)], done.out, run_id="r1", context=RunContext(home=str(done.home)))
    return done


@pytest.fixture
def write_book() -> Callable[..., Path]:
    """Write an .xlsx workbook from the XML of its sheets: `{name: rows}`; cells are made by `cell` in the test."""
    return _write_book


_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
STYLES = ("", "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "hh:mm:ss", "0.00%", "[h]:mm:ss", '"day" 0', "dd/mm/yy h:mm AM/PM")


def _write_book(
    path: Path,
    sheets: dict[str, str],
    *,
    since_1904: bool = False,
    hidden: tuple[str, ...] = (),
    texts: tuple[str, ...] = (),
) -> Path:
    numbers = range(1, len(sheets) + 1)
    formats = "".join(
        f'<numFmt numFmtId="{164 + at}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>'
        for at, code in enumerate(STYLES)
        if code
    )
    styles = "".join(f'<xf numFmtId="{164 + at if code else 0}"/>' for at, code in enumerate(STYLES))
    entries = "".join(
        f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"'
        f"{' state=' + chr(34) + 'hidden' + chr(34) if name in hidden else ''}/>"
        for number, name in zip(numbers, sheets, strict=True)
    )
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{number}.xml"/>'
        for number in numbers
    )
    members = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"/>',
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><workbookPr date1904="{int(since_1904)}"/>'
        f"<sheets>{entries}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>',
        "xl/styles.xml": f"<styleSheet {_MAIN}><numFmts>{formats}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>",
        "xl/sharedStrings.xml": f"<sst {_MAIN}>{''.join(f'<si>{text}</si>' for text in texts)}</sst>",
    }
    for number, rows in zip(numbers, sheets.values(), strict=True):
        body = rows if "<sheetData" in rows else f"<sheetData>{rows}</sheetData>"
        members[f"xl/worksheets/sheet{number}.xml"] = f"<worksheet {_MAIN}>{body}</worksheet>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name), f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return path


@pytest.fixture
def sheet_row() -> Callable[..., str]:
    """Return the XML of a row: texts, numbers, booleans, None for no cell, or (type, value, style) as files have it."""
    return _sheet_row


def _sheet_row(number: int, *values: object, hidden: bool = False) -> str:
    cells = "".join(_cell(f"{chr(65 + at)}{number}", value) for at, value in enumerate(values) if value is not None)
    return f'<row r="{number}"{" hidden=" + chr(34) + "1" + chr(34) if hidden else ""}>{cells}</row>'


def _cell(reference: str, value: object) -> str:
    if isinstance(value, tuple):
        kind, text, style = value
        return f'<c r="{reference}" t="{kind}" s="{style}"><v>{text}</v></c>'
    if isinstance(value, bool):
        return f'<c r="{reference}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        if value.startswith("<"):
            return f'<c r="{reference}">{value}</c>'
        return f'<c r="{reference}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{reference}"><v>{value}</v></c>'


_DATABASES = count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of one's own; whoever stops it starts it again."""
    try:
        with postgres_server() as server:
            yield server
    except SetupError as error:
        pytest.skip(error.line())


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The URL of a new database on it."""
    return postgres.database(f"test{next(_DATABASES)}")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_address(request: pytest.FixtureRequest) -> str:
    """The URL that `open_database` takes, for tests that must hold on both kinds of database."""
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))
