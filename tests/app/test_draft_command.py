"""`millwright draft` as a person uses it."""

import json
import subprocess
import sys
from pathlib import Path

import yaml


def draft(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from app.cli import main; main()", "draft", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, check=False)


def test_the_contract_goes_to_standard_output_and_progress_to_standard_error(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,word\n" + "".join(f"{n},x\x1b[31m\n" for n in range(70)))
    done = draft("a.csv", "--id", "mine", folder=tmp_path)
    assert done.returncode == 0
    assert yaml.safe_load(done.stdout)["id"] == "mine"
    assert "\x1b" not in done.stdout + done.stderr
    assert "looked at table a: 70 rows" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_json_holds_the_contract_and_what_was_seen(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,word\n1,x\n")
    content = json.loads(draft("a.csv", "--json", folder=tmp_path).stdout)
    assert content["contract"]["schema"][0]["name"] == "a"
    assert content["tables"]["a"]["rows"] == 1
    assert {"place": "schema/0/#", "seen": "1 row"} in content["evidence"]


def test_a_missing_source_is_one_line(tmp_path: Path) -> None:
    done = draft("nothing.csv", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == "millwright: nothing.csv: does not exist (check the path)"
