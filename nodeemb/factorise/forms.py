"""Which role schemes a factorisation can fill: what stands on the left and the right."""

from __future__ import annotations

from nodeemb.errors import WrongUse
from nodeemb.factorise.options import CalibratedOptions, Factorise, NetmfOptions
from nodeemb.roles.scheme import RoleScheme

TWO, ONE, BOTH_ENDS = "source.target", "node.node", "plus.plus - minus.minus"
PRODUCT = f"{BOTH_ENDS}; source.target - target.source"


def check_scheme(options: Factorise, scheme: RoleScheme) -> str:
    """The form of a scheme's score, where a factorisation can fill its tables.

    Raises:
        WrongUse: it cannot.
    """
    form, allowed = _form(scheme), "source_target"
    if isinstance(options, CalibratedOptions):
        if product_roles(scheme):
            return PRODUCT
        form, allowed = "", f"Two channels ({PRODUCT}), joined as probability"
    elif isinstance(options, NetmfOptions):
        allowed += ", single or signature"
    elif form != TWO:
        form = ""
    if form:
        return form
    raise WrongUse(
        f"the factorisation {options.kind} cannot fill the tables of scheme {scheme.name}",
        allowed=allowed,
        next_step="Set roles.scheme",
    )


def product_roles(scheme: RoleScheme) -> list[str]:
    """The four roles of a symmetric channel times an antisymmetric one, in the order
    plus, minus, source, target; empty for another scheme."""
    if scheme.join != "probability" or len(scheme.channels) != 2:
        return []
    terms = [t for channel in scheme.channels.values() for t in channel.parsed()]
    if [len(channel.parsed()) for channel in scheme.channels.values()] != [2, 2]:
        return []
    a, b, c, d = terms
    right = (
        (a.left == a.right, a.sign) == (True, 1)
        and (b.left == b.right, b.sign) == (True, -1)
        and c.sign == 1
        and d == c.mirrored()._replace(sign=-1)
    )
    roles = [a.left, b.left, c.left, c.right]
    return roles if right and len(set(roles)) == 4 else []


def _form(scheme: RoleScheme) -> str:
    """What the score is, whatever the roles are called; empty for another."""
    channels = list(scheme.channels.values())
    terms = channels[0].parsed() if len(channels) == 1 else []
    if any(term.has_core for term in terms):
        return ""
    kinds = [(term.left == term.right, term.sign) for term in terms]
    if kinds == [(False, 1)]:
        return TWO
    if kinds == [(True, 1)]:
        return ONE
    return BOTH_ENDS if kinds == [(True, 1), (True, -1)] else ""
