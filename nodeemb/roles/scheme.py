"""A role scheme: which role of the left node meets which role of the right node.

    score(u, v) = sum over terms of  sign * <left role of u, right role of v>
                  + source_bias(u) + target_bias(v)

A scheme is data: named roles that share out a node's D floats, and channels, each a sum of
terms with biases of its own. Every kind of pair (plain, + and -, left and right) says
which channels it trains and with which label.

A term may hold a learned core between its roles: `node.F.node` is <node of u, F node of v>,
with one D x D matrix F that all pairs share. `F.node`, the image F node(v), is then a right
role like any other, so that what scores, searches, keeps or exports vectors sees a list of
terms here too; it is computed of `node` and is none of the D floats.

Why one array: all roles of a node stand side by side in one (num_nodes, columns) array,
and a role is a range of its columns. The kernels then see `left = table[rows, left
columns]` and `right = table[rows, right columns] * sign` for every scheme, with no names.
"""

from __future__ import annotations

import math
import re
from typing import Literal, NamedTuple

from pydantic import Field, model_validator

from nodeemb.errors import WrongUse, unknown_name
from nodeemb.options import Options
from nodeemb.roles.noise import ChannelNoise

Biases = Literal["none", "tied", "free"]
_BIASES = {"bias", "source_bias", "target_bias"}
_RESERVED = {"in", "out", "concat", "sum", *_BIASES}
_FAR = 1000  # how much wider a width is looked for that can be shared out
_MANY, _LONG = 64, 4000  # what is larger was made to keep the program busy
_TERM = re.compile(
    r"\s*+([+-]?)\s*+([A-Za-z_]\w*[+-]?)\.((?:F\.)?[A-Za-z_]\w*[+-]?)(?=\s|$)"
)
_CORE = "F."  # before a role: its image under a learned core


class Term(NamedTuple):
    """One inner product of a channel: sign * <left role of u, right role of v>.

    right: a role, or `F.role`, the image of one under its learned core.
    """

    left: str
    right: str
    sign: int

    @property
    def roles(self) -> tuple[str, str]:
        """The roles of both sides, an image counted as the role it is made of."""
        return self.left, self.right.removeprefix(_CORE)

    @property
    def has_core(self) -> bool:
        """Whether a learned core stands between the two."""
        return self.right.startswith(_CORE)

    def mirrored(self) -> Term:
        """The term as it is for the pair the other way round."""
        return Term(self.right, self.left, self.sign)


class Channel(Options):
    """One score of a pair: a sum of terms, and the kinds of pairs that train it."""

    terms: str = Field(
        max_length=_LONG,
        description='a sum of role.role, such as "plus.plus - minus.minus"; '
        "left of the dot is the role of the left (source) node, and role.F.role has a "
        "learned matrix F between the two; nothing: biases alone",
    )
    labels: dict[str, Literal[0, 1]] = Field(
        default={"pair": 1},
        description="kind of pair -> label it trains this channel with; "
        "kinds not named are ignored",
    )
    coefficient: float = Field(
        default=1.0, description="weight of this channel's score in the joint score"
    )
    tilt: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="with join probability: so much of this channel's score is added to "
        "its log sigmoid, which keeps an order among pairs that are nearly sure",
    )
    biases: Biases | None = Field(
        default=None,
        description="none, tied or free, for this channel alone; null: as the recipe has it",
    )
    noise: ChannelNoise | None = Field(
        default=None,
        description="the noise this channel is trained against; null: as the recipe has it",
    )

    def parsed(self) -> tuple[Term, ...]:
        """The terms.

        Raises:
            WrongUse: the text is no sum of role.role.
        """
        found: list[Term] = []
        at = 0
        while at < len(self.terms.rstrip()):
            match = _TERM.match(self.terms, at)
            if match is None or (found and not match[1]):
                raise WrongUse(
                    f'"{self.terms}" is not a sum of terms (at "{self.terms[at:]}")',
                    allowed='Terms such as "source.target", "plus.plus - minus.minus" or '
                    '"node.F.node"',
                )
            found.append(Term(match[2], match[3], -1 if match[1] == "-" else 1))
            at = match.end()
        return tuple(found)

    def is_symmetric(self, biases: Biases) -> bool:
        """Whether every pair has the score of its reverse, by the form of the terms.

        Args:
            biases: the recipe's, for a channel that says nothing of its own.
        """
        terms = sorted(self.parsed())
        free = (self.biases or biases) == "free"
        return not free and terms == sorted(t.mirrored() for t in terms)


class RoleScheme(Options):
    """Roles, channels and views of a node's D floats.

    Raises:
        WrongUse: a term names an unknown role, roles that meet cannot have the same
            number of columns, or a view names an unknown role.
    """

    name: str = Field(description="name of the scheme")
    title: str = Field(default="", description="what it can represent, in a line")
    roles: dict[str, float] = Field(
        max_length=_MANY,
        description="role -> its share of the D floats (shares are scaled to sum to 1); "
        "none where channels have biases alone",
    )
    channels: dict[str, Channel] = Field(
        max_length=_MANY, description="name -> channel"
    )
    kind_of: Literal["none", "sign", "side"] = Field(
        default="none",
        description='what tells kinds of pairs apart: none ("pair"), the edge\'s sign '
        '("+", "-", and "none" for pairs without an edge), or the side of the context ("left", "right")',
    )
    join: Literal["sum", "probability"] = Field(
        default="sum",
        description="how channels make one score: coefficients times scores, or the sum "
        "of log sigmoids (probabilities multiplied), each with its tilt",
    )
    views: dict[str, list[str]] = Field(
        default={},
        max_length=_MANY,
        description="name -> roles set side by side; every role is a view already, "
        "`in` and `out` are the left and right sides of pairs, `sum` is in + out, and "
        "`concat` all roles",
    )

    @model_validator(mode="after")
    def _check(self) -> RoleScheme:
        if not self.channels:
            raise WrongUse(f"scheme {self.name} needs a channel")
        if self.roles and (
            any(share < 0 for share in self.roles.values())
            or not sum(self.roles.values()) > 0
        ):
            raise WrongUse(
                f"scheme {self.name}: shares must be 0 or more, some above 0"
            )
        used = set()
        for name, channel in self.channels.items():
            if bool(self.roles) != bool(channel.parsed()):
                raise WrongUse(
                    f"scheme {self.name}: channel {name} "
                    + ("has no terms" if self.roles else "has terms and no roles"),
                    allowed="Terms such as source.target in every channel, or neither roles "
                    "nor terms: biases alone",
                )
            if not channel.labels:
                raise WrongUse(
                    f"scheme {self.name}: no kind of pair trains channel {name}",
                    next_step=f"Give it labels for some of {', '.join(self.kinds)}",
                )
            if channel.noise is not None and 1 not in channel.labels.values():
                raise WrongUse(
                    f"scheme {self.name}: channel {name} has noise, and no pair trains it "
                    "with label 1",
                    next_step="Leave its noise out",
                )
            for term in channel.parsed():
                for role in term.roles:
                    if role not in self.roles:
                        raise unknown_name(f"role in channel {name}", role, self.roles)
                    used.add(role)
            for kind in channel.labels:
                if kind not in self.kinds:
                    raise unknown_name(
                        f"kind of pair in channel {name}", kind, self.kinds
                    )
        if idle := set(self.roles) - used:
            raise WrongUse(f"scheme {self.name}: no term uses role {sorted(idle)[0]}")
        for view, roles in self.views.items():
            for role in roles:
                if role not in self.roles:
                    raise unknown_name(f"role in view {view}", role, self.roles)
        names = {*self.roles, *self.views}
        biases = {name for name in names if name.partition(":")[0] in _BIASES}
        if taken := names & {*_RESERVED, *self.images} | biases:
            raise WrongUse(
                f"scheme {self.name}: {sorted(taken)[0]} is a name with a meaning of its own",
                next_step="Give the role or view another name",
            )
        if both := self.roles.keys() & self.views:
            raise WrongUse(f"scheme {self.name}: {min(both)} is both a role and a view")
        if self.join == "sum" and not any(
            c.coefficient for c in self.channels.values()
        ):
            raise WrongUse(f"scheme {self.name}: every coefficient is 0")
        self.column_classes()
        return self

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of pairs this scheme tells apart, in code order 0, 1, 2."""
        return {
            "none": ("pair",),
            "sign": ("+", "-", "none"),
            "side": ("left", "right"),
        }[self.kind_of]

    @property
    def images(self) -> dict[str, str]:
        """Image -> the role it is made of, such as F.node -> node; {} without cores."""
        terms = [term for c in self.channels.values() for term in c.parsed()]
        return {term.right: term.roles[1] for term in terms if term.has_core}

    def told_biases(self, biases: Biases) -> str:
        """The biases in words: the recipe's, unless channels have their own."""
        own = {name: c.biases for name, c in self.channels.items() if c.biases}
        others = [biases] if len(own) < len(self.channels) else []
        return ", ".join([*others, *(f"{kind} ({name})" for name, kind in own.items())])

    def column_classes(self) -> list[list[str]]:
        """Roles grouped by "must have as many columns", in order of first mention."""
        group = {role: {role} for role in self.roles}
        for channel in self.channels.values():
            for term in channel.parsed():
                left, right = term.roles
                joined = group[left] | group[right]
                for role in joined:
                    group[role] = joined
        classes: list[list[str]] = []
        for role in self.roles:
            members = [r for r in self.roles if r in group[role]]
            if members not in classes:
                classes.append(members)
        for members in classes:
            shares = [self.roles[r] for r in members]
            if not math.isclose(min(shares), max(shares), rel_tol=1e-9, abs_tol=1e-12):
                raise WrongUse(
                    f"scheme {self.name}: roles {', '.join(members)} meet in a term and "
                    "need equal shares"
                )
        return classes

    def with_shares(self, shares: dict[str, float]) -> RoleScheme:
        """The scheme with other shares of D for some roles.

        Args:
            shares: role -> share of D from 0 to 1; roles that meet it in a term get the
                same share, the others divide the rest as before.
        """
        if not shares:
            return self
        total = sum(self.roles.values())
        new = {role: share / total for role, share in self.roles.items()}
        fixed: dict[str, float] = {}
        for role, share in shares.items():
            if role not in self.roles:
                raise unknown_name(f"role of scheme {self.name}", role, self.roles)
            if not 0 <= share <= 1:
                raise WrongUse(f"share of {role} is {share}", allowed="0 to 1")
            members = next(c for c in self.column_classes() if role in c)
            if fixed.get(role, share) != share:
                raise WrongUse(
                    f"roles {', '.join(members)} of scheme {self.name} meet in a term and "
                    f"need equal shares, not {fixed[role]:g} and {share:g}",
                    next_step="Give the share of one of them",
                )
            fixed.update(dict.fromkeys(members, share))
        new.update(fixed)
        taken = sum(new[r] for r in fixed)
        rest = sum(new[r] for r in new if r not in fixed)
        if taken > 1 + 1e-9 or (not rest and not math.isclose(taken, 1)):
            raise WrongUse(
                f"shares of {', '.join(sorted(fixed))} sum to {taken:g}",
                allowed="At most 1 in all"
                if rest
                else "1 in all, with no other role left",
            )
        for role in new:
            if role not in fixed:
                new[role] *= (1 - taken) / rest if rest else 0
        return self.model_copy(update={"roles": new})

    def width_for(self, dim: int) -> int:
        """D for a channel's inner product of length `dim` (the first channel counts).

        Of several the one nearest to what the shares ask for, so that channels of equal
        shares are equally long.

        Raises:
            WrongUse: no whole number of columns gives this length.
        """
        if not self.roles:
            return 0
        first = next(iter(self.channels.values())).parsed()
        share = sum(self.roles[t.left] for t in first) / sum(self.roles.values())
        asked = dim / share
        near = range(max(1, int(asked) - 2), int(asked) + 3)
        for width in sorted(near, key=lambda width: abs(width - asked)):
            try:
                columns = self.columns(width)
            except WrongUse:
                continue
            if sum(columns[t.left] for t in first) == dim:
                return width
        raise WrongUse(
            f"dim {dim} cannot be made with the shares of scheme {self.name}"
        )

    def columns(self, width: int) -> dict[str, int]:
        """How many of the D = `width` floats each role gets; {} where there are no roles.

        Every class of roles gets its share, rounded; one class takes what is left. A role
        with a share above 0 has a column at least.

        Raises:
            WrongUse: this width cannot be shared out so; the message names one that can.
        """
        if not self.roles:
            return {}
        if width < 1:
            raise WrongUse(f"width is {width}", allowed="A whole number of at least 1")
        found = self._shared_out(width)
        if found is None:
            wider = range(width + 1, width + _FAR)
            other = next((w for w in wider if self._shared_out(w)), None)
            raise WrongUse(
                f"width {width} cannot be shared out among the roles "
                f"{', '.join(self.roles)} of scheme {self.name}",
                allowed=f"For example {other}" if other else "",
                next_step="" if other else "Choose other shares",
            )
        return found

    def _shared_out(self, width: int) -> dict[str, int] | None:
        """The columns of each role, or None where the width does not allow it."""
        total = sum(self.roles.values())
        classes = self.column_classes()
        # a class of one role can take any rest, so such a class goes last
        last = max(
            classes,
            key=lambda c: (
                self.roles[c[0]] > 0 and len(c) == 1,
                len(c) * self.roles[c[0]],
            ),
        )
        left, out = width, {}
        for members in classes:
            if members is not last:
                share = self.roles[members[0]] / total
                each = max(round(share * width), 1) if share else 0
                out.update(dict.fromkeys(members, each))
                left -= each * len(members)
        if left < len(last) or left % len(last):
            return None
        out.update(dict.fromkeys(last, left // len(last)))
        if any(self.roles[role] > 0 and not out[role] for role in out):
            return None
        return {role: out[role] for role in self.roles}
