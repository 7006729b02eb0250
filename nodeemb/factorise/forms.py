"""Which role schemes a factorisation can fill: what stands on the left and the right."""

from __future__ import annotations

from nodeemb.errors import WrongUse
from nodeemb.factorise.options import Factorise, NetmfOptions
from nodeemb.roles.scheme import RoleScheme

TWO, ONE, BOTH_ENDS = "source.target", "node.node", "plus.plus - minus.minus"


def check_scheme(options: Factorise, scheme: RoleScheme) -> str:
    """The form of a scheme's score, where a factorisation can fill its tables.

    Raises:
        WrongUse: it cannot.
    """
    form = _form(scheme)
    symmetric = isinstance(options, NetmfOptions)
    if form == TWO or (symmetric and form):
        return form
    raise WrongUse(
        f"the factorisation {options.kind} cannot fill the tables of scheme {scheme.name}",
        allowed="source_target" + (", single or signature" if symmetric else ""),
        next_step="Set roles.scheme",
    )


def _form(scheme: RoleScheme) -> str:
    """What the score is, whatever the roles are called; empty for another."""
    channels = list(scheme.channels.values())
    terms = channels[0].parsed() if len(channels) == 1 else []
    kinds = [(term.left == term.right, term.sign) for term in terms]
    if kinds == [(False, 1)]:
        return TWO
    if kinds == [(True, 1)]:
        return ONE
    return BOTH_ENDS if kinds == [(True, 1), (True, -1)] else ""
