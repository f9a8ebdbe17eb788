"""The decision log on disk: adopted with a quorum only, changes are found, whole after every kill, never forked."""

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from decision_log_work import CONTRACT, NOW, adopt_names, proposal_of

from algorithms.decision_log import entry_digest
from state.decision_log import MEMBERS, Adopted, LogEntry, LogReading, Proposal, Verdict
from state.errors import SetupError
from state.faults import Crash, FaultSchedule, Partition
from state.values import digest
from tools.decision_log.keys import keys_folder, private_keys
from tools.decision_log.log import adopt
from tools.decision_log.reading import log_folder, read_log, standing

HERE = Path(__file__).parent


def names(reading: LogReading) -> list[str]:
    return [name for entry in reading.entries if entry.proposal.mapping for name in entry.proposal.mapping.matches]


def away(*members: int) -> FaultSchedule:
    return FaultSchedule(crashes=tuple(Crash(member=member, first=1, rounds=10_000) for member in members))


@pytest.fixture(scope="module")
def adopted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a log of three entries, adopted in two sessions."""
    home = tmp_path_factory.mktemp("adopted")
    assert [ruling.index for ruling in adopt_names(home, ["A", "B"])] == [1, 2]
    assert [ruling.index for ruling in adopt_names(home, ["C"])] == [3]
    return home


@pytest.fixture
def home(adopted: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(adopted, tmp_path / "home"))


def test_what_was_adopted_is_in_force_and_every_copy_holds(adopted: Path) -> None:
    reading = read_log(adopted, CONTRACT)
    assert names(reading) == ["A", "B", "C"]
    assert reading.fault is None
    assert {copy.entries for copy in reading.copies} == {3}
    assert {copy.member for copy in reading.copies} == set(MEMBERS)
    assert standing(reading).of("orders")["to C"] == {"C": "run of C"}


def test_what_is_in_force_is_not_adopted_twice(home: Path) -> None:
    (ruling,) = adopt_names(home, ["B"])  # of this very run: it is told again
    assert ruling.index == 2
    other = proposal_of("B").model_copy(update={"run_id": "another"})
    assert adopt(home, CONTRACT, [other], refusing(), FaultSchedule(), NOW) == ()
    assert names(read_log(home, CONTRACT)) == ["A", "B", "C"]


def refusing(*members: str) -> Callable[[str, Proposal, Sequence[LogEntry], Adopted], Verdict]:
    def judge(member: str, _: Proposal, __: Sequence[LogEntry], ___: Adopted) -> Verdict:
        return Verdict(member=member, accepts=member not in members, reason="looked")

    return judge


def test_two_refusals_of_five_are_no_quorum(home: Path) -> None:
    (one,) = adopt(home, CONTRACT, [proposal_of("D")], refusing("names", "shape"), FaultSchedule(), NOW)
    assert not one.adopted
    assert "3 of 5" in one.reason
    assert names(read_log(home, CONTRACT)) == ["A", "B", "C"]
    (one,) = adopt(home, CONTRACT, [proposal_of("D")], refusing("names"), FaultSchedule(), NOW)
    assert one.adopted
    assert len(read_log(home, CONTRACT).entries[-1].acceptances) == 4


@pytest.mark.parametrize(("members", "reason"), [((1, 5), "3 of 5 members accept"), ((1, 2, 4), "could be reached")])
def test_members_that_are_away_are_no_quorum(home: Path, members: tuple[int, ...], reason: str) -> None:
    (one,) = adopt_names(home, ["D"], away(*members))
    assert not one.adopted
    assert reason in one.reason
    assert names(read_log(home, CONTRACT)) == ["A", "B", "C"]


def test_who_was_away_learns_what_was_adopted_in_the_meantime(home: Path) -> None:
    (one,) = adopt_names(home, ["D"], away(2))
    assert one.adopted
    assert one.unreachable == ("values",)
    behind = {copy.member: copy.entries for copy in read_log(home, CONTRACT).copies}
    assert behind == dict.fromkeys(MEMBERS, 4) | {"values": 3}
    adopt_names(home, ["E"])
    assert {copy.entries for copy in read_log(home, CONTRACT).copies} == {5}


def test_across_a_partition_nobody_is_asked(home: Path) -> None:
    parted = FaultSchedule(partitions=(Partition(first=1, last=10_000, groups=((1, 2), (3, 4, 5))),))
    (one,) = adopt_names(home, ["D"], parted)
    assert not one.adopted
    assert set(one.unreachable) == {"names", "values"}


@pytest.mark.parametrize("seed", range(6))
def test_losses_and_delays_hold_nothing_up(home: Path, seed: int) -> None:
    weather = FaultSchedule(seed=seed, drop=0.2, duplicate=0.2, delay=2, crash_rate=0.005, outage=3)
    rulings = adopt_names(home, ["D", "E"], weather)
    reading = read_log(home, CONTRACT)
    assert reading.fault is None
    assert names(reading) == ["A", "B", "C", *(one for one, said in zip("DE", rulings, strict=True) if said.adopted)]


# Changes to the files


def journal_of(home: Path, member: str) -> Path:
    return log_folder(home, CONTRACT) / f"{member}.jsonl"


def test_a_carriage_return_in_a_line_is_a_change_and_no_end(home: Path) -> None:
    path = journal_of(home, "shape")
    content = path.read_bytes()
    at = content.index(b"-")  # one bit makes it the sign
    path.write_bytes(content[:at] + b"\r" + content[at + 1 :])
    fault = read_log(home, CONTRACT).fault
    assert fault is not None
    assert fault.copy_of == "shape"


def test_any_changed_byte_of_a_copy_is_found(home: Path) -> None:
    path, draw = journal_of(home, "shape"), random.Random(3)  # noqa: S311
    content = path.read_bytes()
    for at in draw.sample(range(len(content) - 1), 250):
        path.write_bytes(content[:at] + bytes([content[at] ^ (1 << draw.randrange(7))]) + content[at + 1 :])
        reading = read_log(home, CONTRACT)
        assert reading.fault is not None, at
        assert reading.fault.copy_of == "shape"
        assert reading.usable
        assert names(reading) == ["A", "B", "C"]


def leaves(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(content, dict | list):
        for key, value in content.items() if isinstance(content, dict) else enumerate(content):
            yield from leaves(value, (*path, key))
    else:
        yield path


def changed(content: Any, path: tuple[Any, ...]) -> None:
    holder = content
    for key in path[:-1]:
        holder = holder[key]
    value = holder[path[-1]]
    if isinstance(value, int):
        holder[path[-1]] = value + 1
    elif isinstance(value, str):
        holder[path[-1]] = ("0" if value[:1] != "0" else "1") + value[1:]


def forge(home: Path, number: int, path: tuple[Any, ...], *, seal: bool) -> bool:
    """Change a field of an entry in every copy, and make all chains of the copies anew; whether it was changed."""
    done = False
    for member in MEMBERS:
        journal, chain, lines = journal_of(home, member), "0" * 64, []
        for line in journal.read_text().splitlines():
            record = json.loads(line)
            for entry in record["entries"]:
                content = json.loads(entry[2]) if entry[2] else None
                if content is None or content["index"] != number + 1:
                    continue
                before = json.dumps(content)
                changed(content, path)
                done = done or json.dumps(content) != before
                if seal:
                    try:
                        content["digest"] = entry_digest(LogEntry.model_validate(content))
                    except ValueError:
                        return False
                entry[2] = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
            entries = tuple((term, index, data) for term, index, data in record["entries"])
            record["chain"] = chain = digest([chain, record["term"], record["vote"], record["commit"], entries])
            lines.append(json.dumps(record, separators=(",", ":"), ensure_ascii=False))
        journal.write_text("\n".join(lines) + "\n")
    return done


FIELDS = sorted(leaves(json.loads(proposal_of("B").model_dump_json())), key=str)
"""Of the proposal; those of the entry are named below."""


@pytest.mark.parametrize("seal", [False, True], ids=["digest kept", "digest anew"])
@pytest.mark.parametrize(
    "path",
    [
        ("index",),
        ("previous",),
        ("at",),
        *(("proposal", *path) for path in FIELDS),
        ("acceptances", 0, "member"),
        ("acceptances", 3, "reason"),
        ("acceptances", 4, "signature"),
        ("digest",),
    ],
    ids=str,
)
def test_a_field_that_is_changed_in_all_copies_is_found_at_its_entry(
    home: Path, path: tuple[Any, ...], *, seal: bool
) -> None:
    if not forge(home, 1, path, seal=seal) or (seal and path == ("digest",)):
        return  # an empty field, or what cannot be sealed
    reading = read_log(home, CONTRACT)
    assert reading.fault is not None
    assert reading.fault.index == 2
    assert not reading.usable
    assert standing(reading).names == {}


def test_the_untouched_log_survives_being_written_anew(home: Path) -> None:
    forge(home, 99, ("index",), seal=False)
    assert read_log(home, CONTRACT).fault is None


def test_public_keys_of_somebody_else_make_no_signature_good(home: Path, tmp_path: Path) -> None:
    private_keys(tmp_path / "other")
    shutil.copy(keys_folder(tmp_path / "other") / "members.json", keys_folder(home) / "members.json")
    reading = read_log(home, CONTRACT)
    assert reading.fault is not None
    assert reading.fault.index == 1
    assert "signature" in reading.fault.reason
    (one,) = adopt_names(home, ["D"])
    assert not one.adopted


def test_a_damaged_copy_is_outvoted_and_its_member_is_not_heard(home: Path) -> None:
    path = journal_of(home, "names")
    path.write_bytes(path.read_bytes().replace(b"run of B", b"run of X"))
    (one,) = adopt_names(home, ["D"])
    assert one.adopted
    assert one.unreachable == ("names",)
    assert names(read_log(home, CONTRACT)) == ["A", "B", "C", "D"]
    path.unlink()  # the way to mend it: the member learns all of it from the others
    adopt_names(home, ["E"])
    reading = read_log(home, CONTRACT)
    assert reading.fault is None
    assert {copy.entries for copy in reading.copies} == {5}


def test_a_copy_that_was_cut_is_seen_beside_the_others(home: Path) -> None:
    path = journal_of(home, "history")
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:3]))
    reading = read_log(home, CONTRACT)
    assert next(copy.entries for copy in reading.copies if copy.member == "history") < 3
    assert names(reading) == ["A", "B", "C"]


# Keys


def test_private_keys_are_the_owners_alone(home: Path) -> None:
    folder = keys_folder(home)
    assert {path.stat().st_mode & 0o777 for path in folder.glob("*.key")} == {0o600}
    assert len(list(folder.glob("*.key"))) == len(MEMBERS)
    (folder / "names.key").chmod(0o644)
    with pytest.raises(SetupError, match="others may read"):
        adopt_names(home, ["D"])
    (folder / "names.key").unlink()
    with pytest.raises(SetupError, match="cannot be read"):
        adopt_names(home, ["D"])


# Kills and other sessions


def work(*given: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    return subprocess.run(
        [sys.executable, *given], env=environment, capture_output=True, text=True, timeout=120, check=True
    )


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a kill takes nothing that was written, synced or not."""
    shared = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=shared if os.access(shared, os.W_OK) else tmp_path) as folder:
        yield Path(folder)


def test_a_session_killed_at_any_write_leaves_a_log_that_holds(memory: Path) -> None:
    kills = [json.loads(line) for line in work(str(HERE / "killed_decision_log.py"), str(memory)).stdout.splitlines()]
    assert len(kills) > 60
    for kill in kills:
        first = ["A"] if kill["begun"] else []
        assert kill["after"]["fault"] == "", kill
        assert kill["after"]["names"] in ([*first], [*first, "B"], [*first, "B", "C"]), kill
        assert kill["again"] in (None, {"names": [*first, "B", "C", "D"], "fault": "", "usable": True}), kill


def test_sessions_at_the_same_time_do_not_fork_the_log(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(HERE.parents[1])}
    command = [sys.executable, str(HERE / "decision_log_work.py"), str(tmp_path)]
    running = [
        subprocess.Popen([*command, *(f"{who}{number}" for number in range(4))], env=environment) for who in "abc"
    ]
    assert [process.wait(timeout=120) for process in running] == [0, 0, 0]
    reading = read_log(tmp_path, CONTRACT)
    assert reading.fault is None
    assert sorted(names(reading)) == sorted(f"{who}{number}" for who in "abc" for number in range(4))
