"""The YAML that files of choices are read as; loaded when one is read."""

from __future__ import annotations

from typing import Any

import yaml

_DIGITS = 40


class Loader(yaml.SafeLoader):
    """Safe YAML that refuses aliases, anchors, tags, merges, repeated keys and numbers
    without end."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _forbidden("anchors and aliases are not allowed", event)
        if getattr(event, "tag", None) is not None:
            raise _forbidden(f"the tag {event.tag} is not allowed", event)
        if any("\ud800" <= c <= "\udfff" for c in getattr(event, "value", "")):
            raise _forbidden("half a surrogate pair is no text", event)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _forbidden("a key must be a word", key)
            if key.tag.endswith(":merge"):
                raise _forbidden("merging with << is not allowed", key)
            if not key.tag.endswith(":str"):
                kind = key.tag.rpartition(":")[2]
                problem = (
                    f"the key {key.value!r} is a word only in quotes (else: {kind})"
                )
                raise _forbidden(problem, key)
            if key.value in seen:
                raise _forbidden(f"the key {key.value!r} comes twice", key)
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_number(self, node: Any) -> int | float:
        """A number of the length that people write: others take minutes, as sums of base
        60, or become whole numbers that Python itself will not print."""
        if len(node.value) > _DIGITS:
            raise _forbidden(f"the number has more than {_DIGITS} characters", node)
        whole = node.tag.endswith(":int")
        make = self.construct_yaml_int if whole else self.construct_yaml_float
        return make(node)


for _kind in ("int", "float"):
    Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", Loader.construct_number)


def _forbidden(problem: str, at: Any) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, at.start_mark)
