"""Compiled code is kept, found again, and never used once what made it has changed."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba.core import caching

from nodeemb import compiled

CALLEE = (
    "from nodeemb.compiled import njit\n\n@njit\ndef number(x):\n    return x + {}\n"
)
MIDDLE = "from nodeemb.deep.callee import number\n"
CALLER = """\
import nodeemb.middle
from nodeemb import compiled
from nodeemb.middle import number

@compiled.njit
def twice(x):
    return 2 * number(x)

if __name__ == "__main__":
    print(twice(1), *(sum(k.stats.cache_hits.values()) for k in [twice] if hasattr(k, "stats")))
"""


@pytest.fixture
def package(tmp_path, monkeypatch) -> Path:
    """A small package of the same name, whose kernels call each other over files."""
    folder = tmp_path / "nodeemb"
    (folder / "deep").mkdir(parents=True)
    for name in ("__init__.py", "deep/__init__.py"):
        (folder / name).touch()
    source = Path(compiled.__file__).read_bytes()
    (folder / "compiled.py").write_bytes(source)
    (folder / "deep" / "callee.py").write_text(CALLEE.format(1))
    (folder / "middle.py").write_text(MIDDLE)
    (folder / "caller.py").write_text(CALLER)
    monkeypatch.setattr(compiled, "_PACKAGE", folder)
    for cached in (compiled._read, compiled._digest):
        cached.cache_clear()
    yield folder
    for cached in (compiled._read, compiled._digest):
        cached.cache_clear()


def change(path: Path, old: str, new: str) -> None:
    """As many bytes, the same date: what a wheel with fixed dates does."""
    before = path.stat()
    path.write_text(path.read_text().replace(old, new))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    compiled._read.cache_clear()
    compiled._digest.cache_clear()


def run(package: Path, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "nodeemb.caller"],
        cwd=package.parent,
        env={"PATH": os.environ["PATH"], "HOME": str(package.parent), **env}
        | {"PYTHONDONTWRITEBYTECODE": "1"},  # Python's own kept code goes by the date
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_a_changed_callee_in_another_file_is_noticed(package):
    assert run(package) == "4 0"
    change(package / "deep" / "callee.py", "x + 1", "x + 2")
    assert run(package) == "6 0"
    assert (package.parent / ".cache" / "nodeemb").is_dir()
    kept = list(package.rglob("*.nbi"))
    assert kept == [], "nothing is written beside the sources"


def test_unchanged_code_is_taken_from_the_folder_the_user_chose(package):
    own = package.parent / "own"
    chosen = {"NUMBA_CACHE_DIR": str(own)}
    assert run(package, **chosen) == "4 0"
    assert run(package, **chosen) == "4 1"
    assert [folder.name for folder in own.iterdir()] == ["nodeemb"]
    assert not (package.parent / ".cache").exists()


def test_the_hash_follows_imports_and_nothing_else(package):
    caller, callee = package / "caller.py", package / "deep" / "callee.py"
    (package / "other.py").write_text(CALLEE.format(5))
    assert compiled._sources(caller) == [caller, package / "compiled.py", callee]
    one = compiled._digest(caller)
    change(package / "other.py", "x + 5", "x + 6")
    change(package / "middle.py", "callee", "callee")
    assert compiled._digest(caller) == one
    change(callee, "x + 1", "x + 2")
    assert compiled._digest(caller) != one
    two = compiled._digest(callee)
    change(caller, "2 * n", "3 * n")
    assert compiled._digest(callee) == two


IMPORTS = [
    "import nodeemb.prefetch\nimport nodeemb.rng\n",
    "import nodeemb.prefetch as p, nodeemb.rng as r\n",
    "import numpy, nodeemb.rng\n",
    "import nodeemb.prefetch\rimport nodeemb.rng\r",
    "from nodeemb.training import batch, tables  # and so on\n",
    "from nodeemb.training import (\n    batch,  # see (x)\n    tables,\n)\n",
    "from nodeemb.training import(batch, tables)\n",
    "from nodeemb . training import batch\n",
    "from nodeemb.training \\\n    import batch, \\\n    tables\n",
    "from nodeemb import (choices as chosen, run)\n",
    "from nodeemb.roles.layout import *\n",
    "x = 1; from nodeemb.training import batch; y = 2\n",
    "try: import nodeemb.rng\nexcept ImportError: pass\n",
    "def later():\n    from nodeemb.io.edges import read_edges\n",
]


def imported_by_python(content):
    """The files of the package that a source imports."""
    names, modules = [], compiled._modules(compiled._PACKAGE)
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
    return {modules[name] for name in names if name in modules}


@pytest.mark.parametrize("source", IMPORTS)
def test_imports_are_found_in_every_way_to_write_them(source):
    wanted = imported_by_python(source)
    assert wanted
    assert set(compiled._imported(source.encode())) == wanted


def test_no_import_of_any_file_of_the_package_is_missed():
    for file in compiled._modules(compiled._PACKAGE).values():
        content = file.read_bytes()
        assert set(compiled._imported(content)) >= imported_by_python(content), file


MANY = np.arange(2_000_000)


def first_of_many():
    return MANY[0]


def half(x):
    return x // 2 if isinstance(x, int) else x / 2


def total_of_one(values, others, second):
    chosen = others if second else values
    total = 0.0
    for value in chosen:
        total += value
    return total


def test_arrays_that_are_borrowed_are_not_counted(monkeypatch):
    counted = {}
    for borrowing in (False, True):
        kernel = compiled.njit(borrowing=borrowing)(total_of_one)
        kernel._cache = caching.NullCache()  # what is kept has no LLVM code to look at
        values = np.array([1.0, 0.0, 3.0])
        before = sys.getrefcount(values)
        assert kernel(values, 2 * values, True) == 8.0
        assert sys.getrefcount(values) == before
        [code] = kernel.inspect_llvm().values()
        counted[borrowing] = "call void @NRT_incref" in code
    assert counted == {False: True, True: False}


def test_other_code_keeps_its_own_folder(monkeypatch, tmp_path):
    file = tmp_path / "other.py"
    file.write_text("def one(x):\n    return x\n")
    there: dict[str, Any] = {}
    exec(compile(file.read_text(), file, "exec"), there)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "chosen"))
    compiled.njit(lambda x: x)
    kernel = numba.njit(cache=True)(there["one"])
    assert Path(kernel.stats.cache_path).parent == tmp_path / "chosen"


def test_the_same_code_at_another_place_is_not_compiled_again(package, tmp_path):
    chosen = {"NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    assert run(package, **chosen) == "4 0"
    other = tmp_path / "other environment" / "nodeemb"
    shutil.copytree(package, other)
    for file in other.rglob("*.py"):
        os.utime(file, (1, 1))
    assert run(other, **chosen) == "4 1"
    link = tmp_path / "linked"
    link.mkdir()
    (link / "nodeemb").symlink_to(other)
    assert run(link / "nodeemb", **chosen) == "4 1"
    change(other / "deep" / "callee.py", "x + 1", "x + 2")
    assert run(other, **chosen) == "6 0"


@pytest.mark.parametrize("what", ["the package", "a folder of it"])
def test_a_callee_is_seen_through_links(package, tmp_path, what):
    """Two environments, each a link to a version of its own."""
    chosen, told = {"NUMBA_CACHE_DIR": str(tmp_path / "kept")}, []
    for number in (1, 100):
        version, at = tmp_path / f"v{number}", tmp_path / f"env{number}" / "nodeemb"
        shutil.copytree(package, version)
        (version / "deep" / "callee.py").write_text(CALLEE.format(number))
        at.parent.mkdir()
        if what == "the package":
            at.symlink_to(version)
        else:
            shutil.copytree(version, at)
            shutil.rmtree(at / "deep")
            (at / "deep").symlink_to(version / "deep")
        told.append(run(at, **chosen))
    assert told == ["4 0", "202 0"]


@pytest.mark.parametrize("cut", [0, 10, 100])
@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_damaged_code_is_made_anew(package, tmp_path, kind, cut):
    chosen = {"NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    assert run(package, **chosen) == "4 0"
    [file] = (tmp_path / "kept").rglob(f"caller.twice*.{kind}")
    file.write_bytes(file.read_bytes()[:cut])
    assert run(package, **chosen) == "4 0"
    assert run(package, **chosen) == "4 1"


@pytest.mark.parametrize(
    "asked",
    [
        {"NUMBA_BOUNDSCHECK": "1"},
        {"NUMBA_LOOP_VECTORIZE": "0"},
        {"NUMBA_CACHE_LOCATOR_CLASSES": "InTreeCacheLocator"},
    ],
)
def test_what_is_asked_of_numba_makes_other_code_and_no_other_place(
    package, tmp_path, asked
):
    chosen = {"NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    assert run(package, **chosen) == "4 0"
    wanted = "4 1" if "NUMBA_CACHE_LOCATOR_CLASSES" in asked else "4 0"
    assert run(package, **chosen, **asked) == wanted
    assert run(package, **chosen, **asked) == "4 1"
    change(package / "deep" / "callee.py", "x + 1", "x + 2")
    assert run(package, **chosen, **asked) == "6 0"
    assert list(package.rglob("*.nbi")) == []


def test_code_that_numba_cannot_keep_runs_all_the_same(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    with pytest.warns(numba.NumbaWarning, match="Cannot cache"):
        assert compiled.njit(first_of_many)() == 0
    assert list(tmp_path.rglob("*.nbi")) == []


def test_names_in_use_are_those_of_the_kernels(package, tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kept"))
    own = package / "deep" / "callee.py"
    other = tmp_path / "elsewhere.py"
    own.rename(other)
    own.symlink_to(other)
    compiled._modules.cache_clear()
    run(package, NUMBA_CACHE_DIR=str(tmp_path / "kept"))
    there = {folder.name for folder in (tmp_path / "kept" / "nodeemb").iterdir()}
    assert there == compiled.names_in_use() - {
        compiled._digest(package / "compiled.py")
    }


def test_two_files_with_the_same_text_are_told_apart(package):
    text = CALLEE.format(1)
    places = [package / name for name in ("one.py", "deep/one.py")]
    for place in places:
        place.write_text(text)
    one, two = map(compiled._digest, places)
    assert one != two


@pytest.mark.parametrize("what", ["folder", "index"])
def test_code_that_cannot_be_kept_is_compiled_again(package, tmp_path, what):
    """Where another user's program was first, say: a file stands where a folder should be."""
    chosen = {"NUMBA_CACHE_DIR": str(tmp_path / "kept")}
    assert run(package, **chosen) == "4 0"
    [index] = (tmp_path / "kept").rglob("caller.twice*.nbi")
    at = {"folder": index.parent, "index": index}[what]
    shutil.rmtree(at) if at.is_dir() else at.unlink()
    at.touch() if what == "folder" else at.mkdir()
    assert run(package, **chosen) == "4 0"
    assert run(package, **chosen) == "4 0"


def test_programs_that_keep_code_at_once_do_not_mix_it_up(monkeypatch, tmp_path):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    first, second, third = (compiled.njit(half) for _ in range(3))
    files = [kernel._cache._cache_file for kernel in (first, second)]
    # as in processes that were forked: what was made before the fork is the same
    files[1]._data_name_pattern = files[0]._data_name_pattern
    keep = first._cache._cache_file._save_data

    def late(*about):
        assert second(3.0) == 1.5
        keep(*about)

    monkeypatch.setattr(first._cache._cache_file, "_save_data", late)
    monkeypatch.setattr(second._cache._cache_file, "_load_index", dict)
    assert first(3) == 1
    assert third(3.0) == 1.5
    assert sum(third.stats.cache_hits.values()) == 1


def test_code_is_run_as_python_where_compiling_is_turned_off(package):
    assert run(package, NUMBA_DISABLE_JIT="1") == "4"


def test_where_nobody_may_write_a_private_folder_is_used(monkeypatch, tmp_path):
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setattr(compiled.tempfile, "tempdir", str(tmp_path))
    compiled._home.cache_clear()
    found = compiled._home(str(file))
    assert found.parent == tmp_path and found.stat().st_mode & 0o077 == 0
    compiled._home.cache_clear()
    assert compiled._home(str(file)) == found
    found.chmod(0o777)  # anybody may have put code there
    compiled._home.cache_clear()
    assert compiled._home(str(file)) != found
    compiled._home.cache_clear()


def test_without_a_home_there_is_still_a_folder(monkeypatch, tmp_path):
    def no_home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(compiled.Path, "home", no_home)
    monkeypatch.setattr(compiled.tempfile, "tempdir", str(tmp_path))
    compiled._home.cache_clear()
    assert compiled._home("").parent == tmp_path
    compiled._home.cache_clear()


def test_every_kernel_is_compiled_through_this_door():
    others = [
        file.name
        for file in Path(compiled.__file__).parent.rglob("*.py")
        if file.name != "compiled.py"
        and re.search(
            r"\b(nb|numba)\.n?jit\b|from numba import .*jit", file.read_text()
        )
    ]
    assert others == []


def borrowing_in(tree: ast.AST) -> list[ast.FunctionDef]:
    """The functions that only borrow the arrays they are given."""
    return [
        function
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef)
        for one in function.decorator_list
        if isinstance(one, ast.Call)
        and any(ast.unparse(word) == "borrowing=True" for word in one.keywords)
    ]


def returned_of(value: ast.expr | None) -> list[ast.expr]:
    """The single values of what is returned."""
    if isinstance(value, ast.Tuple):
        return [one for part in value.elts for one in returned_of(part)]
    if isinstance(value, ast.IfExp):
        return returned_of(value.body) + returned_of(value.orelse)
    return [] if value is None else [value]


def perhaps_arrays(function: ast.FunctionDef) -> list[str]:
    """What a function returns that is not seen to be a number: sums and comparisons, lengths,
    and names that are neither given nor other names for what is."""
    nodes = list(ast.walk(function))
    given = {one.arg for one in function.args.args}
    for node in nodes:
        if isinstance(node, ast.Assign):
            names, values = returned_of(node.targets[0]), returned_of(node.value)
            values = values if len(values) == len(names) else values * len(names)
            given |= {
                ast.unparse(name)
                for name, value in zip(names, values, strict=False)
                if isinstance(value, ast.Name | ast.Subscript | ast.Attribute)
            }
    given |= {
        n.value.id
        for n in nodes
        if isinstance(n, ast.Subscript) and isinstance(n.value, ast.Name)
    }
    numbers = (ast.Constant, ast.BinOp, ast.Compare, ast.BoolOp, ast.UnaryOp)
    return [
        ast.unparse(one)
        for node in nodes
        if isinstance(node, ast.Return)
        for one in returned_of(node.value)
        if not isinstance(one, numbers)
        and not ast.unparse(one).startswith("len(")
        and not (isinstance(one, ast.Name) and one.id not in given)
    ]


def test_what_is_only_borrowed_is_not_returned():
    """Nobody would count who holds it, and the array could be gone before its holder."""
    files = compiled._PACKAGE.rglob("*.py")
    functions = [f for p in files for f in borrowing_in(ast.parse(p.read_text()))]
    assert len(functions) > 30
    found = {function.name: perhaps_arrays(function) for function in functions}
    assert {name: values for name, values in found.items() if values} == {}


@pytest.mark.parametrize(
    "body",
    [
        "return given",
        "return given[0]",
        "return given[1:]",
        "return 0, (given.T, 1)",
        "return given.reshape(-1)",
        "return given if given.size > 1 else 0",
        "own = given; return own",
        "own, count = given[:2], 0; return own",
        "own = numpy.empty(2); own[0] = 1; return own",
    ],
)
def test_a_borrowed_array_that_is_returned_is_seen(body):
    text = f"@njit(borrowing=True)\ndef own(given):\n    {body}"
    [function] = borrowing_in(ast.parse(text))
    assert len(perhaps_arrays(function)) == 1
    assert borrowing_in(ast.parse(text.replace("True", "False"))) == []
