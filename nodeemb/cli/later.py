"""What other packages take along and nodeemb has no use for: loaded when it is used.

typer's module for help and errors takes rich's Markdown and tracebacks along, and these a
parser of Markdown, pygments and attrs: a third of `nodeemb --help`. A class stands for each
of the two until it is called or asked for something; every other name of their modules
loads them. scipy asks numpy for each of its names, and so gets its compiler of Fortran and
its tests, which is a tenth of a short run: these are modules that Python itself fills when
they are first used. numba, when it begins to compile or takes up kept code, loads all of
scipy's linear algebra, to see whether it is there; it asks again where a kernel uses it.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import Any

_CLASSES = {"rich.markdown": "Markdown", "rich.traceback": "Traceback"}
_MODULES = {"numpy.f2py", "numpy.testing"}
_ASKED_FOR = {"numba.np.arraymath": "scipy.linalg.cython_blas"}
_waiting: set[str] = set()


def load_later() -> None:
    """Puts off those of the modules that are not loaded yet."""
    _waiting.update(_CLASSES.keys() - sys.modules.keys())
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)  # type: ignore[arg-type]


class _Later(type):
    """The type of a class that stands for the one of its name in its module."""

    def __new__(cls, name: str, bases: tuple[type, ...], space: dict[str, Any]) -> Any:
        if bases:  # a class derived from one that stands for another
            own = (_own(b) if isinstance(b, _Later) else b for b in bases)
            return type(name, tuple(own), space)
        return super().__new__(cls, name, bases, space)

    def __call__(cls, *args: Any, **named: Any) -> Any:
        return _own(cls)(*args, **named)

    def __getattr__(cls, name: str) -> Any:
        _refuse_special(name)
        return getattr(_own(cls), name)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, _own(cls))


class _Finder:
    """Makes modules that wait; as Python asks for it, a finder and a loader in one."""

    @staticmethod
    def find_spec(name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if name in _waiting:
            return ModuleSpec(name, _Finder)  # type: ignore[arg-type]
        if name not in _MODULES and name not in _ASKED_FOR:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            wrap = LazyLoader if name in _MODULES else _Unasked
            spec.loader = wrap(spec.loader)
        return spec

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        """None: a plain module."""

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        name = module.__name__

        def ask(wanted: str) -> Any:
            _refuse_special(wanted)
            return getattr(_loaded(name), wanted)

        module.__getattr__ = ask  # type: ignore[method-assign]
        made = _Later(_CLASSES[name], (), {"__module__": name})
        setattr(module, _CLASSES[name], made)


class _Unasked(Loader):
    """Loads a module that finds an empty one where it looks for another.

    What else loads at the same time would find it too; no thread of the program does.
    """

    def __init__(self, loader: Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self.loader
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        name = _ASKED_FOR[module.__name__]
        empty = ModuleType(name)
        sys.modules.setdefault(name, empty)
        try:
            self.loader.exec_module(module)
        finally:
            if sys.modules.get(name) is empty:
                del sys.modules[name]


def _refuse_special(name: str) -> None:
    """Refuses what Python looks for by itself, such as __path__: that loads nothing."""
    if name.startswith("__"):
        raise AttributeError(name)


def _own(cls: type) -> Any:
    return getattr(_loaded(cls.__module__), cls.__name__)


def _loaded(name: str) -> ModuleType:
    if name in _waiting:
        _waiting.remove(name)
        sys.modules.pop(name, None)
    return import_module(name)
