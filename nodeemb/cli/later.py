"""What other packages take along and nodeemb has no use for: loaded when it is used.

typer's module for help and errors takes rich's Markdown and tracebacks along, and these a
parser of Markdown, pygments and attrs: a third of `nodeemb --help`. A class stands for each
of the two until it is called or asked for something; every other name of their modules
loads them. scipy asks numpy for each of its names, and so gets its compiler of Fortran and
its tests, which is a tenth of a short run: these are modules that Python itself fills when
they are first used.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType
from typing import Any

_CLASSES = {"rich.markdown": "Markdown", "rich.traceback": "Traceback"}
_MODULES = {"numpy.f2py", "numpy.testing"}
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
        if name not in _MODULES:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
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
