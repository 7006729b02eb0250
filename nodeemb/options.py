"""Options as strict, frozen models: unknown keys and wrong types are refused with help.

Every option's unit and range stands once, in its field's description; command line, docs
and error messages read it from there.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from nodeemb.errors import DataRefused, WrongUse


class Options(BaseModel):
    """A frozen group of options that refuses what it does not know."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False
    )


Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], data: Any, where: str) -> Model:
    """Checks plain data against a model.

    Args:
        model: the options expected.
        data: what YAML or a caller gave.
        where: file or argument, for the message.

    Raises:
        WrongUse: an unknown key (with the closest known one), a wrong type or a value
            out of range; the message has the path to the value.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        # discriminated unions put their tag into the path; it is no key of the user's
        path = ".".join(str(p) for p in first["loc"])
        got = first.get("input")
        if first["type"] == "extra_forbidden":
            raise _unknown_key(model, first["loc"], where) from None
        hint = ""
        if isinstance(got, str) and _is_number(got):
            hint = "Remove the quotes; write 1e-3 as 1.0e-3"
        shown = repr(got) if not isinstance(got, (dict, list)) else "this"
        message = first["msg"][0].lower() + first["msg"][1:]
        raise WrongUse(
            f"{path or 'the whole'}: {message}; got {shown}",
            where=where,
            allowed=_described(model, first["loc"]),
            next_step=hint,
        ) from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _walk(model: Any, path: tuple) -> tuple[Any, Any]:
    """The model and field at a path, as far as it can be followed."""
    field = None
    for part in path:
        fields = getattr(model, "model_fields", None)
        if fields is not None and part in fields:
            field = fields[part]
            model = field.annotation
            continue
        choices = [a for a in getattr(model, "__args__", ()) if hasattr(a, "model_fields")]
        for choice in choices:
            kind = choice.model_fields.get("kind")
            if kind is not None and part in getattr(kind.annotation, "__args__", ()):
                model = choice
                break
    return model, field


def _unknown_key(model: type[BaseModel], path: tuple, where: str) -> WrongUse:
    group, _ = _walk(model, path[:-1])
    known = list(getattr(group, "model_fields", {}))
    close = difflib.get_close_matches(str(path[-1]), known, n=1)
    name = ".".join(str(p) for p in path[:-1])
    return WrongUse(
        f"{path[-1]} is not an option{f' of {name}' if name else ''}. "
        + (f"Did you mean {close[0]}?" if close else ""),
        where=where,
        allowed=f"Options: {', '.join(known)}" if known else "",
    )


def _described(model: type[BaseModel], path: tuple) -> str:
    _, field = _walk(model, path)
    return f"It is: {field.description}" if field is not None and field.description else ""


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses aliases, anchors, tags and repeated keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.constructor.ConstructorError(
                None, None, "anchors and aliases are not allowed", event.start_mark
            )
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} comes twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Reads a YAML file that holds one mapping.

    Raises:
        DataRefused: the file is missing, too large (1 MB), not UTF-8, no YAML, or holds
            something else; anchors, aliases, tags and repeated keys are refused too.
    """
    path = Path(path)
    try:
        size = path.stat().st_size
        if size > 1_000_000:
            raise DataRefused(f"the file has {size:,} bytes", where=str(path), allowed="At most 1 MB")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataRefused(f"cannot read it: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError as error:
        raise DataRefused(f"it is not UTF-8 text: {error}", where=str(path)) from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, where: str) -> dict[str, Any]:
    """As `read_yaml`, from text."""
    try:
        data = yaml.load(text, Loader=_Loader)  # noqa: S506 - a subclass of SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise DataRefused(f"{line}{problem}", where=where, allowed="Plain YAML") from None
    if not isinstance(data, Mapping):
        raise DataRefused(
            f"it holds {type(data).__name__}, not keys and values",
            where=where,
            allowed='Lines such as "epochs: 10"',
        )
    return dict(data)
