"""The list of commands is told without loading them, and says of each what it says itself."""

import subprocess
import sys
from pathlib import Path

import pytest

from nodeemb.cli.app import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_says_of_a_command_what_it_says_itself(nodeemb, name):
    told = " ".join(nodeemb(name, "--help").stdout.split())
    assert f" {COMMANDS[name]} " in told


def test_the_list_loads_no_command():
    program = "import sys\nfrom nodeemb.cli.app import app\ntry:\n    app(['--help'])\n"
    program += "except SystemExit:\n    pass\nprint([m for m in sys.modules if 'pydantic' in m])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    *lines, loaded = done.stdout.splitlines()
    assert loaded == "[]"
    assert all(any(f"│ {name} " in line for line in lines) for name in COMMANDS)


def test_every_command_is_in_the_program():
    folder = Path(__file__).parents[2] / "nodeemb" / "cli"
    not_commands = {"__init__", "app", "main", "options", "progress", "show"}
    not_commands |= {"garbage", "later"}  # of the start
    not_commands |= {"texts", "words"}  # parts of datasets and evaluate
    assert set(COMMANDS) == {path.stem for path in folder.glob("*.py")} - not_commands
