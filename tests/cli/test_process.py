"""The program as a process: Ctrl-C, pipes that close, terminals."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

LONG = ("--preset", "line2", "--set", "training.epochs=1000000", "--threads", "1")


# A test runner in the background hands down that Ctrl-C is to be ignored.
PROGRAM = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from nodeemb.cli.main import main
main()
"""


def start(*args, **streams):
    """The program in a process of its own, which Ctrl-C reaches as in a terminal."""
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, *args], text=True, **streams
    )


@pytest.mark.parametrize(
    ("args", "running"),
    [(("embed",), "Run"), (("evaluate", "--biases", "none"), "Run")],
)
def test_ctrl_c_leaves_nothing_behind(edges, args, running):
    process = start(*args, edges, *LONG, stderr=subprocess.PIPE)
    for line in process.stderr:
        if line.startswith(running):
            break
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=90)[1]
    assert process.returncode == 130
    assert told == "Interrupted. No half-written result is left.\n"
    assert [path.name for path in Path().iterdir()] == ["edges.tsv"]


def test_ctrl_c_before_the_program_is_loaded_is_quiet(here):
    code = "import signal, sys; sys.modules['nodeemb.cli.app'] = None\n"
    code += "import builtins; real = builtins.__import__\n"
    code += "def load(name, *rest):\n"
    code += "    if name == 'nodeemb.cli.app': raise KeyboardInterrupt\n"
    code += "    return real(name, *rest)\n"
    code += "builtins.__import__ = load\n"
    code += "from nodeemb.cli.main import main; main()\n"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (130, b"")


@pytest.mark.parametrize("args", [("inspect",), ("presets",), ("presets", "nerd")])
def test_a_pipe_that_closes_is_no_error(here, args):
    reading, writing = os.pipe()
    os.close(reading)
    process = start(*args, stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    told = process.communicate(timeout=90)[1]
    assert "Traceback" not in told
    assert "rror" not in told


def test_a_terminal_gets_a_bar_and_a_table(edges):
    master, slave = pty.openpty()
    args = ("embed", edges, "--preset", "line2", "--dim", "4", "--threads", "1")
    process = start(*args, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    try:
        while part := os.read(master, 65536):
            shown += part
    except OSError:  # the other side is closed: the program has ended
        pass
    os.close(master)
    assert process.wait(timeout=20) == 0
    assert b"epoch 30/30" in shown
    assert "━".encode() in shown
    assert b"nodes trained in it" in shown


@pytest.mark.parametrize(
    ("set_before", "found"), [(None, "passive"), ("active", "active")]
)
def test_threads_wait_without_spinning_unless_asked(here, set_before, found):
    code = "import os\nfrom nodeemb.cli.main import main\ntry: main()\nexcept SystemExit: pass\n"
    code += "print(os.environ['OMP_WAIT_POLICY'])"
    environ = {k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"}
    if set_before:
        environ["OMP_WAIT_POLICY"] = set_before
    args = [sys.executable, "-c", code, "--version"]
    done = subprocess.run(args, env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == found


def test_the_package_is_a_command_too():
    args = [sys.executable, "-m", "nodeemb", "--version"]
    done = subprocess.run(args, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("nodeemb ")
