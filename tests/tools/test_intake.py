"""The artefacts of intake: read back as written, fresh after every writing, names that can be shown."""

import os
from pathlib import Path

import pytest

from state.contract import Column, Contract, Table
from state.errors import SourceError
from state.sources import Inventory, Variant
from tools.intake import Intake, read_contract, read_intake, write_intake
from tools.sources.inventory import take_inventory

VARIANTS = tuple(
    Variant(variant_id=f"v00{number}", columns=("a",), fingerprint="", file_ids=ids, header_forms=1)
    for number, ids in ((1, (0, 2, 3)), (2, (1,)))
)


def contract_of(name: str) -> Contract:
    table = Table(name="t", columns=(Column(name="x"),))
    return Contract(id="c", name=name, version="1", api_version="v3.1.0", tables=(table,), path="c", sha256="0")


def taken(folder: Path) -> Intake:
    inventory = take_inventory([str(folder / "input")], folder)
    return Intake(inventory=inventory, table_files={"t": tuple(file.file_id for file in inventory.files)})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "input").mkdir()
    (tmp_path / "input" / "ü 1.csv").write_text("a,b\n1,2\n3,4\n")
    (tmp_path / "input" / "2.csv").write_text("c\n5\n")
    return tmp_path


def test_the_artefacts_are_read_back_as_they_were_written(folder: Path) -> None:
    intake = taken(folder)
    reference = write_intake(folder, contract_of("one"), intake)
    assert (read_contract(folder), read_intake(folder)) == (contract_of("one"), intake)
    assert (reference.files, reference.lines, reference.variants) == (2, 5, 2)
    assert (reference.records, reference.rejects) == (0, 0)


def test_what_is_written_again_at_once_is_read_again(folder: Path) -> None:
    intake = taken(folder)
    for number in range(20):
        write_intake(folder, contract_of(str(number)), intake)
        assert read_contract(folder).name == str(number)


def test_the_hash_of_the_inputs_tells_names_and_contents(folder: Path) -> None:
    first = write_intake(folder, contract_of("c"), taken(folder)).sha256
    assert write_intake(folder, contract_of("c"), taken(folder)).sha256 == first
    source = folder / "input" / "2.csv"
    source.write_text("c\n6\n")
    changed = write_intake(folder, contract_of("c"), taken(folder)).sha256
    source.rename(folder / "input" / "3.csv")
    assert len({first, changed, write_intake(folder, contract_of("c"), taken(folder)).sha256}) == 3


def test_variants_of_a_table_are_those_with_files_that_feed_it() -> None:
    intake = Intake(inventory=Inventory(files=(), variants=VARIANTS), table_files={"t": (3, 0), "u": (1,)})
    assert intake.variants_of("t") == (("v001", (0, 3)),)
    assert intake.variants_of("u") == (("v002", (1,)),)
    assert intake.variants_of("nothing") == ()


@pytest.mark.parametrize("ending", [b".csv", b".odd"])
def test_a_name_that_is_no_text_is_refused_in_one_line(folder: Path, ending: bytes) -> None:
    Path(os.fsdecode(bytes(folder / "input") + b"/orders_\xff" + ending)).write_text("c\n7\n")
    with pytest.raises(SourceError, match="not UTF-8") as caught:
        write_intake(folder, contract_of("c"), taken(folder))
    assert caught.value.line().isprintable()
