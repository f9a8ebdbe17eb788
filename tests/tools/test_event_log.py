"""events.jsonl: each event once, whatever line a kill has torn."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from state.errors import SetupError
from tools.outputs.event_log import EventLog, prepare_destination


def write(path: Path, *events: dict[str, Any]) -> None:
    with EventLog(path) as log:
        for event in events:
            log.append(event)


def read(path: Path) -> list[dict[str, Any]]:
    """Read as a reader would that ignores a torn line."""
    found = []
    for line in path.read_bytes().split(b"\n"):
        try:
            content = json.loads(line)
        except ValueError:
            continue
        if isinstance(content, dict):
            found.append(content)
    return found


def test_an_event_told_again_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "new" / "events.jsonl"
    write(path, {"event": "step", "event_id": "a", "n": 1}, {"event": "step", "event_id": "a", "n": 2})
    write(path, {"event": "step", "event_id": "a", "n": 3}, {"event": "step", "event_id": "b", "n": 4})
    assert [(event["event_id"], event["n"]) for event in read(path)] == [("a", 1), ("b", 4)]
    assert all(event["at"].endswith("+00:00") for event in read(path))


def test_an_event_is_there_before_the_log_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with EventLog(path) as log:
        log.append({"event": "x", "event_id": "a"})
        assert len(read(path)) == 1


@given(cut=st.integers(0, 400), text=st.text() | st.just("\u2028\ud800 ü\r\n"))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_cut_anywhere_and_told_again_every_event_is_there_once(tmp_path: Path, cut: int, text: str) -> None:
    path = tmp_path / "events.jsonl"
    path.unlink(missing_ok=True)
    events = [{"event": "step", "event_id": f"{number}", "detail": text} for number in range(3)]
    write(path, *events)
    path.write_bytes(path.read_bytes()[: min(cut, path.stat().st_size)])
    write(path, *events)
    assert [event["event_id"] for event in read(path)] == ["0", "1", "2"]
    assert all(event["detail"] == text for event in read(path))
    assert path.read_bytes().endswith(b"\n")


@pytest.mark.parametrize("noise", [b"5\n", b"null\n", b"\xff\xfe\n", b'{"no": "id"}\n', b"\n\n", b'"text"'])
def test_lines_that_are_no_events_are_left_alone(tmp_path: Path, noise: bytes) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes(noise)
    write(path, {"event": "x", "event_id": "a"})
    assert [event["event_id"] for event in read(path) if "event_id" in event] == ["a"]
    assert path.read_bytes().startswith(noise)


def test_the_destination_is_a_folder_or_refused_in_one_line(tmp_path: Path) -> None:
    prepare_destination(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b" / "_runs").is_dir()
    (tmp_path / "file").write_text("")
    for bad in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(SetupError, match="another --out"):
            prepare_destination(bad)
