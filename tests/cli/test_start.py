"""The start of the program: what it does not load, and where it looks for no garbage."""

import gc
import subprocess
import sys

import pytest

AROUND = """
import gc, sys
from nodeemb.cli.main import main
sys.argv = ["nodeemb", *{args!r}]
searched = []
kernels = lambda: getattr(sys.modules.get("nodeemb.graph.kernels"), "sort_arcs", None)
gc.callbacks.append(lambda when, about: when == "start" and searched.append(
    kernels() is not None and len(kernels().overloads) > 0))
try:
    main()
except SystemExit:
    pass
print("FOUND", {found})
"""


def found_after(what, *args):
    """What an expression comes to in a process of its own that has run a command."""
    code = AROUND.format(args=args, found=what)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()[-1].removeprefix("FOUND ")


def loaded(*names):
    return f"[name for name in {names!r} if name in sys.modules]"


@pytest.mark.parametrize(
    "args",
    [(), ("--help",), ("embed", "--help"), ("embed", "--wrong"), ("wrong",)],
    ids=" ".join,
)
def test_help_and_refusals_load_no_markdown_and_no_tracebacks(args):
    names = ("markdown_it", "pygments", "rich.syntax")
    assert found_after(loaded(*names), *args) == "[]"


RUN = ("--set", "training.epochs=1", "--preset", "line2", "--dim", "2", "--out", "run")


@pytest.mark.parametrize("args", [(), RUN], ids=["alone", "line2"])
def test_a_run_loads_no_compiler_of_fortran_and_no_bar(edges, args):
    names = ("numpy.f2py.crackfortran", "numpy.testing._private", "rich.progress")
    assert found_after(loaded(*names), "embed", edges, *args) == "[]"


def test_training_loads_no_linear_algebra(edges):
    names = ("scipy.linalg", "scipy.linalg.cython_blas")
    assert found_after(loaded(*names), "embed", edges, *RUN) == "[]"


@pytest.mark.parametrize("args", [("embed", "--help"), ("embed", "--wrong")])
def test_help_and_refusals_load_no_cards(args):
    assert found_after(loaded("nodeemb.io.cards", "rich.progress"), *args) == "[]"


@pytest.mark.parametrize("args", [("presets",), ("presets", "nerd")])
def test_presets_are_shown_without_kernels(here, args):
    assert found_after(loaded("numba", "nodeemb.rng", "scipy"), *args) == "[]"


LATER = """
from nodeemb.cli.later import load_later
load_later()
import sys
from rich.markdown import Markdown
from rich.traceback import Traceback
import rich.traceback
from rich.text import Text
assert str(Text | Markdown), Text | Traceback
assert not hasattr(Markdown, "__nothing__")
assert "markdown_it" not in sys.modules and "pygments" not in sys.modules
{use}
"""


@pytest.mark.parametrize(
    "use",
    [
        "from rich.console import Console; Console().print(Markdown('*so*'))",
        "made = Markdown('so'); assert isinstance(made, Markdown)",
        "assert not isinstance(Text('so'), Markdown)",
        "class Own(Markdown):\n    pass\nassert isinstance(Own('so'), Markdown)",
        "assert callable(Traceback.from_exception)",
        "from rich.traceback import install; assert callable(install)",
        "assert callable(rich.traceback.install)",
        "made = Markdown('so')\nfrom rich.markdown import Markdown as Own\n"
        "assert type(made) is Own and isinstance(made, Markdown)",
        "import numpy.f2py; assert callable(numpy.f2py.run_main)",
        "from numpy.testing import assert_equal; assert_equal(1, 1)",
        "from numpy.f2py.crackfortran import crackfortran",
        "import numba, numpy\nassert 'scipy.linalg' not in sys.modules\n"
        "assert numba.njit(lambda a: a @ a)(numpy.eye(2)).sum() == 2",
        "import numba.np.arraymath as a, scipy.linalg.cython_blas as b\n"
        "assert b.__pyx_capi__ and a.__loader__.get_source(a.__name__)",
        "try:\n    from rich.markdown import nothing\nexcept ImportError:\n    pass\n"
        "else:\n    raise AssertionError",
    ],
)
def test_what_is_put_off_comes_when_it_is_used(use):
    code = LATER.format(use=use)
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_what_is_loaded_already_is_not_put_off():
    code = "from rich.markdown import Markdown as own\n"
    code += "from nodeemb.cli.later import load_later; load_later()\n"
    code += "from rich.markdown import Markdown; assert Markdown is own"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_help_looks_for_no_garbage():
    told = found_after("(len(searched), gc.get_freeze_count() > 0)", "--help")
    assert told == "(0, True)"


@pytest.mark.parametrize("args", [("embed",), ("evaluate", "--width", "4")])
def test_a_command_looks_for_garbage_when_its_graph_is_there(edges, args):
    args = (*args, edges, "--preset", "line2", "--threads", "1")
    told = found_after("(set(searched) <= {True}, gc.isenabled())", *args)
    assert told == "(True, True)"


@pytest.mark.parametrize("args", [("inspect",), ("presets",)])
def test_other_commands_look_for_garbage_too(edges, args):
    given = [edges] if args == ("inspect",) else []
    assert found_after("gc.isenabled()", *args, *given) == "True"


def test_the_search_of_a_program_that_calls_a_command_stays_its_own(nodeemb, here):
    before = gc.get_freeze_count()
    assert nodeemb("presets").exit_code == 0
    assert gc.isenabled() and gc.get_freeze_count() == before
    gc.disable()
    try:
        assert nodeemb("presets").exit_code == 0
        assert not gc.isenabled() and gc.get_freeze_count() == before
    finally:
        gc.enable()
