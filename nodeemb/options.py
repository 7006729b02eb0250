"""Options as strict, frozen models: unknown keys and wrong types are refused with help.

Every option's unit and range stands once, in its field's description; command line, docs
and error messages read it from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from nodeemb.errors import DataRefused, NodeembError, WrongUse, did_you_mean


class Options(BaseModel):
    """A frozen group of options that refuses what it does not know.

    Raises:
        WrongUse: as `parse`.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False
    )

    def __init__(self, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise _refusal(type(self), _worst(error), type(self).__name__) from None

    # Only what the user makes by hand passes here; for groups within groups pydantic keeps
    # its own way, and with it the path to what is wrong.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


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
        raise _refusal(model, _worst(error), where) from None


def faults(
    model: type[BaseModel], data: Mapping[str, Any], where: str
) -> list[NodeembError]:
    """All that is wrong with plain data, one after the other; none where it is right.

    What is found is taken out of a copy of the data, and the rest is looked at again. Rules
    that several options must keep together are looked at only where each is right by
    itself.

    Args: as in `parse`.
    """
    rest = deepcopy(dict(data))
    found: list[NodeembError] = []
    told: list[list[str]] = []
    first: set[Any] = set()
    while True:
        try:
            model.model_validate(rest)
        except ValidationError as error:
            errors = error.errors(include_url=False)
            first = first or {each["loc"] for each in errors}
            left = [
                each
                for each in errors
                if (each["loc"] in first or "error" not in each.get("ctx", {}))
                and not _follows(each, _follow(model, each["loc"])[0], told)
            ]
            if not left:
                return found
            worst = max(left, key=_badness)
            keys = _follow(model, worst["loc"])[0]
            told.append(keys)
            found.append(_refusal(model, worst, where))
            _take_out(rest, keys)
        else:
            return found


def _follows(error: Any, keys: list[str], told: list[list[str]]) -> bool:
    """Whether an error only repeats what was told: of the same value, of one that holds
    it, or of a key that is missing beside one that was misspelt."""
    return any(
        path[: len(keys)] == keys
        or (error["type"] == "missing" and path[:-1] == keys[:-1])
        for path in told
    )


def _take_out(data: Any, keys: list[str]) -> None:
    """Removes the key at the end of a path; nothing where the path leads nowhere, and
    nothing from a list, whose other members would then have other numbers."""
    *path, last = keys or [""]
    for key in path:
        if isinstance(data, list):
            data = data[int(key)]
        else:
            data = data.get(key) if isinstance(data, dict) else None
    if isinstance(data, dict):
        data.pop(last, None)


def _worst(error: ValidationError) -> Any:
    return max(error.errors(include_url=False), key=_badness)


def _badness(error: Any) -> tuple[bool, int, bool]:
    """An unknown key first, since a misspelt key is also a missing one; then the deepest,
    since a choice fails in each of its forms, and of these the one that was understood."""
    return (
        error["type"] == "extra_forbidden",
        len(error["loc"]),
        error["type"] == "value_error",
    )


def _refusal(model: type[BaseModel], worst: Any, where: str) -> NodeembError:
    """What to tell of one of pydantic's errors."""
    keys, group, described = _follow(model, worst["loc"])
    path = ".".join(keys)
    if worst["type"] == "extra_forbidden":
        return _unknown_key(keys, group, where)
    if worst["type"].startswith("union_tag"):
        return _unknown_kind(path, worst, where)
    own = worst.get("ctx", {}).get("error")
    if isinstance(own, WrongUse):
        what = f"{path}: {own.what}" if path else own.what
        found = own.where or where  # a file named in an option knows better
        return WrongUse(what, where=found, allowed=own.allowed, next_step=own.next_step)
    if isinstance(own, NodeembError):
        return own
    got = worst["input"]
    quoted = isinstance(got, str) and _is_number(got)
    shown = repr(got) if not isinstance(got, (dict, list)) else "this"
    message = worst["msg"][0].lower() + worst["msg"][1:]
    return WrongUse(
        f"{path or 'the whole'}: {message}; got {shown}",
        where=where,
        allowed=f"It is: {described}" if described else "",
        next_step="Remove the quotes; write 1e-3 as 1.0e-3" if quoted else "",
    )


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _unknown_key(keys: list[str], group: Any, where: str) -> WrongUse:
    known = list(getattr(group, "model_fields", {}))
    name = ".".join(keys[:-1])
    what = f"{keys[-1]} is not an option{f' of {name}' if name else ''}"
    close = did_you_mean(keys[-1], known)
    if not close:  # an option of a group below, its group forgotten
        below = _below(group)
        named = get_close_matches(keys[-1], below, n=1)
        close = f"Did you mean {below[named[0]]}?" if named else ""
    return WrongUse(
        f"{what}. {close}".strip(),
        where=where,
        allowed=f"Options: {', '.join(known)}" if known else "",
    )


def _below(group: Any) -> dict[str, str]:
    """Option -> group.option, for the options of a group's own groups."""
    found: dict[str, str] = {}
    for name, field in getattr(group, "model_fields", {}).items():
        form = _plain(field.annotation)
        for part in (form, *get_args(form)):
            for inner in getattr(part, "model_fields", {}):
                found.setdefault(inner, f"{name}.{inner}")
    return found


def _unknown_kind(path: str, error: Any, where: str) -> WrongUse:
    if "tag" not in error["ctx"]:
        missing = f"{path}: the kind is missing, which the rest depends on"
        return WrongUse(missing, where=where, next_step=f"Set {path}.kind")
    tag, known = error["ctx"]["tag"], error["ctx"]["expected_tags"]
    close = did_you_mean(tag, known.replace("'", "").split(", "))
    return WrongUse(
        f'{path}: no kind "{tag}". {close}'.strip(),
        where=where,
        allowed=f"Known: {known}",
    )


def _follow(model: Any, path: tuple[int | str, ...]) -> tuple[list[str], Any, str]:
    """Goes along a path of pydantic's, as far as it leads.

    Returns:
        the user's keys (pydantic also names which form of a choice it tried), the type
        that holds the last of them, and the description of the last option passed.
    """
    keys: list[str] = []
    described, group, here = "", model, model
    for part in path:
        here = _plain(here)
        fields, parts = getattr(here, "model_fields", None), get_args(here)
        if fields is None and parts and get_origin(here) not in (dict, list, tuple):
            here = next((form for form in parts if _is_called(form, part)), None)
            continue
        group = here
        keys.append(str(part))
        if (
            fields is None
        ):  # a mapping's values and a list's members are its last argument
            here = parts[-1] if parts else None
            continue
        field = fields.get(part)
        here = field and field.annotation
        described = (field and field.description) or ""
    return keys, group, described


def _plain(form: Any) -> Any:
    """A type without what is said about it, and without "or None"."""
    if get_origin(form) is Annotated:
        return _plain(get_args(form)[0])
    some = [arm for arm in get_args(form) if arm is not type(None)]
    if len(some) < len(get_args(form)) and len(some) == 1:
        return _plain(some[0])
    return form


def _is_called(form: Any, label: int | str) -> bool:
    """Does pydantic mean this form of a choice: it says its kind, or names its class."""
    kind = getattr(form, "model_fields", {}).get("kind")
    kinds = () if kind is None else get_args(kind.annotation)
    return label in kinds or getattr(form, "__name__", " ") in str(label)


_LARGEST = 200_000  # bytes of YAML: two seconds; configurations have some thousand


def read_yaml(path: str | Path) -> dict[str, Any]:
    """Reads a YAML file that holds one mapping.

    Raises:
        DataRefused: the file is missing, too large (200 kB), not UTF-8, no YAML, or holds
            something else; anchors, aliases, tags, merges, repeated keys and numbers of
            more than 40 characters are refused.
    """
    where = str(path)
    try:
        with Path(path).open("rb") as file:
            # what is no plain file, such as a device, need not end
            content = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        reason = getattr(error, "strerror", None) or error
        raise DataRefused(f"cannot read it: {reason}", where=where) from None
    _check_size(content, where)
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise DataRefused(f"it is not UTF-8 text: {error}", where=where) from None
    return parse_yaml(text, where)


def _check_size(content: str | bytes, where: str) -> None:
    if len(content) > _LARGEST:
        raise DataRefused(
            "it is too large for a file of choices",
            where=where,
            allowed="At most 200 kB",
        )


def parse_yaml(text: str, where: str) -> dict[str, Any]:
    """As `read_yaml`, from text."""
    import yaml

    from nodeemb.yaml_loader import Loader

    _check_size(text, where)
    try:
        data = yaml.load(text, Loader=Loader)  # noqa: S506 - a subclass of SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError, ArithmeticError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise DataRefused(
            f"{line}{problem}", where=where, allowed="Plain YAML"
        ) from None
    if not isinstance(data, Mapping):
        raise DataRefused(
            f"it holds {type(data).__name__}, not keys and values",
            where=where,
            allowed='Lines such as "epochs: 10"',
        )
    return dict(data)
