"""The built-in schemes: each a short table of roles and terms.

What each can represent at D floats a node stands in its title; the user's own scheme is
the same data in YAML (`load_scheme`).

Why close_direction is a product: no weighted sum of closeness and direction serves random
and reversed negatives at once, while the probability of a link factors into the two. Each
channel learns from what it must tell: closeness from random pairs (the recipe's noise),
direction from each pair against its reverse, in equal number (K = 1), so that its sigmoid
is the chance of this way. Free biases hold psi(u) - psi(v), the part of direction that one
number a node explains; a.b - b.a holds the rest, which is less and has fewer columns.

What learned_form is for: at the same D it can be single, signature, sign_skew, partial or
source_target (F = 1, diag(+-1), that beside a turn by 90 degrees, half of the columns onto
the others), and learns which of them the pairs ask for. So it is what the other rungs are held against, not a rung; nor is
it a ceiling, since the choice is learned of the same pairs. Measured at D 32 on validation
evidence of one split: 1.3 % and 0.3 % below the best scheme on ptb (both sides, next word),
and on pubmed and wikispeedia by .031 and .015 in AUC, .048 and .026 against reversed links.

Source (learned_form): Nickel, Tresp, Kriegel. A Three-Way Model for Collective Learning on
Multi-Relational Data. ICML 2011, eq. 2 (RESCAL, here with one relation); Harshman. Models
for Analysis of Asymmetrical Relationships among N Objects or Stimuli. 1978 (DEDICOM).
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from nodeemb.errors import unknown_name
from nodeemb.options import parse, read_yaml
from nodeemb.roles.noise import ChannelNoise
from nodeemb.roles.scheme import Channel, RoleScheme


def _plain(name: str, title: str, roles: list[str], terms: str) -> RoleScheme:
    channels = {"link": Channel(terms=terms)}
    return RoleScheme(
        name=name, title=title, roles=dict.fromkeys(roles, 1.0), channels=channels
    )


def _signed(
    name: str, title: str, roles: list[str], terms: dict[str, str]
) -> RoleScheme:
    """Channels `link` (any sign against none) and `sign` (+ against -), multiplied."""
    labels: dict[str, dict[str, Literal[0, 1]]] = {
        "link": {"+": 1, "-": 1, "none": 0},
        "sign": {"+": 1, "-": 0},
    }
    return RoleScheme(
        name=name,
        title=title,
        roles=dict.fromkeys(roles, 1.0),
        channels={c: Channel(terms=t, labels=labels[c]) for c, t in terms.items()},
        kind_of="sign",
        join="probability" if len(terms) > 1 else "sum",
    )


SCHEMES: dict[str, RoleScheme] = {
    scheme.name: scheme
    for scheme in (
        _plain("bias_only", "popularity alone: no vectors, width 0", [], ""),
        _plain(
            "single",
            "symmetric, positive semi-definite, rank D",
            ["node"],
            "node.node",
        ),
        _plain(
            "signature",
            "symmetric with negative eigenvalues, rank D",
            ["plus", "minus"],
            "plus.plus - minus.minus",
        ),
        _plain(
            "sign_skew",
            "signature and cyclic or order asymmetry, rank D",
            ["plus", "minus", "a", "b"],
            "plus.plus - minus.minus + a.b - b.a",
        ),
        _plain(
            "source_target",
            "any asymmetry, rank D/2",
            ["source", "target"],
            "source.target",
        ),
        RoleScheme(
            name="partial",
            title="a dial from single to source_target: how many columns are shared",
            roles={"shared": 2.0, "source": 1.0, "target": 1.0},
            channels={"link": Channel(terms="shared.shared + source.target")},
            views={
                "as_source": ["shared", "source"],
                "as_target": ["shared", "target"],
            },
        ),
        _plain(
            "learned_form",
            "any form of rank D: node.node with a learned D x D core between",
            ["node"],
            "node.F.node",
        ),
        _plain(
            "symmetrised",
            "the class of signature at half minus: a test, not a method",
            ["source", "target"],
            "source.target + target.source",
        ),
        RoleScheme(
            name="close_direction",
            title="P(close) times P(this way | close): a symmetric channel, and an "
            "antisymmetric one trained on pairs against their reverse",
            roles={"node": 6.0, "a": 1.0, "b": 1.0},
            channels={
                "close": Channel(terms="node.node", biases="tied"),
                "direction": Channel(
                    terms="a.b - b.a",
                    biases="free",
                    noise=ChannelNoise(reversed=1.0, per_pair=1.0),
                ),
            },
            join="probability",
        ),
        RoleScheme(
            name="four_signed",
            title="positive and negative links apart, each source to target, rank D/4",
            roles={"giver+": 1.0, "receiver+": 1.0, "giver-": 1.0, "receiver-": 1.0},
            channels={
                "positive": Channel(
                    terms="giver+.receiver+", labels={"+": 1, "-": 0, "none": 0}
                ),
                "negative": Channel(
                    terms="giver-.receiver-",
                    labels={"+": 0, "-": 1, "none": 0},
                    coefficient=-1.0,
                ),
            },
            kind_of="sign",
        ),
        RoleScheme(
            name="double_cover",
            title="positive and negative copies of each node on either side, rank D/4",
            roles={"giver+": 1.0, "receiver+": 1.0, "giver-": 1.0, "receiver-": 1.0},
            channels={
                "++": Channel(terms="giver+.receiver+", labels={"+": 1, "none": 0}),
                "--": Channel(terms="giver-.receiver-", labels={"+": 1, "none": 0}),
                "+-": Channel(
                    terms="giver+.receiver-",
                    labels={"-": 1, "none": 0},
                    coefficient=-1.0,
                ),
                "-+": Channel(
                    terms="giver-.receiver+",
                    labels={"-": 1, "none": 0},
                    coefficient=-1.0,
                ),
            },
            kind_of="sign",
        ),
        _signed(
            "single_signed",
            "the sign of a link, the same both ways, rank D",
            ["node"],
            {"sign": "node.node"},
        ),
        _signed(
            "source_target_signed",
            "the sign of a link, source to target, rank D/2",
            ["source", "target"],
            {"sign": "source.target"},
        ),
        _signed(
            "single_link_and_sign",
            "whether there is a link, and its sign, each the same both ways, rank D/2",
            ["node", "signed_node"],
            {"link": "node.node", "sign": "signed_node.signed_node"},
        ),
        _signed(
            "link_and_sign",
            "whether there is a link, and its sign, each source to target, rank D/4",
            ["source", "target", "signed_source", "signed_target"],
            {"link": "source.target", "sign": "signed_source.signed_target"},
        ),
        RoleScheme(
            name="four_side",
            title="left and right contexts apart, each centre to context, rank D/4",
            roles={
                "left_centre": 1.0,
                "left_context": 1.0,
                "right_centre": 1.0,
                "right_context": 1.0,
            },
            channels={
                "left": Channel(
                    terms="left_centre.left_context",
                    labels={"left": 1},
                    coefficient=0.0,
                ),
                "right": Channel(
                    terms="right_centre.right_context", labels={"right": 1}
                ),
            },
            kind_of="side",
        ),
    )
}


def find_scheme(name: str) -> RoleScheme:
    """A built-in scheme by name, or the user's own from a .yaml file.

    Raises:
        WrongUse: no such scheme; the closest name is told.
    """
    if name in SCHEMES:
        return SCHEMES[name]
    if name.endswith((".yaml", ".yml")):
        return load_scheme(name)
    raise unknown_name("role scheme", name, SCHEMES)


def load_scheme(path: str | Path) -> RoleScheme:
    """Reads a scheme from YAML: name, roles (shares), channels (terms, labels), views."""
    return parse(RoleScheme, read_yaml(path), str(path))
