"""Vectors that follow from the scores alone, wherever an optimiser ended.

A scheme's form leaves its tables free up to a group that no score sees: any invertible map
between source and target, O(p, q) within a signature, rotations of a single table, and a
shift of all nodes by one vector where biases can take up what it adds. Cosines and
coordinates depend on where in it training stopped; here each part of a form is brought to
one place of its group.

First, where a channel has biases, its tables lose their means, and the biases take them up:

    x.y' = (x - x0).(y - y0)' + (x - x0).y0 + (y - y0).x0 + x0.y0

With free biases all do; with one tied bias a node those of x.x and of s.t + t.s, whose rest
is the same from both sides. The two free biases of a channel have equal means.

Then the products of centred tables:

| terms | product of thin tables | canonical tables |
|---|---|---|
| x.x ..., - y.y ... | X X' - Y Y' = U L U' | U \\|L\\|^1/2, columns with L > 0 to x, L < 0 to y |
| s.t, also s.F.s | S T' = U W V' | U W^1/2, V W^1/2 |
| s.t + t.s | S T' + T S' | (P + M) / 2^1/2, (P - M) / 2^1/2 of its P P' - M M' |
| a.b - b.a | A B' - B A' = sum of w (x y' - y x') | w^1/2 x, w^1/2 y, by its real Schur form |

Columns stand by falling size. The largest entry of each column (of the first role, for two)
is positive; a plane of a.b - b.a is turned so that its longest vector lies along a. Equal
values leave their columns free among themselves. Everything is of (rows, columns) tables and
(columns, columns) cores: no matrix of nodes by nodes is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from nodeemb.errors import WrongUse
from nodeemb.factorise.svd import column_signs, first_largest
from nodeemb.roles.layout import Layout
from nodeemb.roles.scheme import Channel, RoleScheme, Term

_Form = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


class _Part(NamedTuple):
    """Terms of a channel whose roles stand in no other term.

    first, second: roles of like kind: plus and minus, or one role each.
    """

    form: _Form
    first: tuple[str, ...]
    second: tuple[str, ...]


def canonical_table(
    table: np.ndarray, scheme: RoleScheme, layout: Layout
) -> np.ndarray:
    """(num_nodes, columns): another table with the same scores, to rounding.

    Args:
        table: (num_nodes, columns).
        scheme: of the table.
        layout: of the table.

    Raises:
        WrongUse: a role stands in several terms that are not of one form above, or a
            number is not finite.
    """
    parts = list(_parts(scheme))
    if not np.isfinite(table).all():
        raise WrongUse(
            "vectors that are not finite have no canonical form",
            next_step="Train again with a lower training.learning_rate",
        )
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # whose sums depend on how many there are
        made = _centred(table.astype(np.float64), scheme, layout)
        for part in parts:
            first, second = (
                _joined(made, layout, roles) for roles in (part.first, part.second)
            )
            found = part.form(first, second)
            for roles, values in zip((part.first, part.second), found, strict=True):
                _put(made, layout, roles, values)
    return made.astype(table.dtype)


def _centred(table: np.ndarray, scheme: RoleScheme, layout: Layout) -> np.ndarray:
    """The table with the means of its roles in its biases; changed in place."""
    for name, channel in scheme.channels.items():
        names = layout.biases[name]
        if not names:
            continue
        tied = names[0] == names[1]
        terms = [t for t in channel.parsed() if not tied or _returns(t, channel)]
        roles = {role for term in terms for role in (term.left, term.right)}
        means = {role: _role(table, layout, role).mean(axis=0) for role in roles}
        for role, mean in means.items():
            _role(table, layout, role)[:] -= mean
        left, right = (_role(table, layout, bias)[:, 0] for bias in names)
        for term in terms:
            of_left, of_right = means[term.left], means[term.right]
            from_left = term.sign * (_role(table, layout, term.left) @ of_right)
            from_right = term.sign * (_role(table, layout, term.right) @ of_left)
            rest = term.sign * (of_left @ of_right)
            if tied:
                left += (from_left + from_right + rest) / 2
            else:
                left += from_left + rest
                right += from_right
        if not tied:
            half = (left.mean() - right.mean()) / 2
            left -= half
            right += half
    return table


def _returns(term: Term, channel: Channel) -> bool:
    """Whether the channel has the term for the reverse of a pair too, with its sign."""
    return term.mirrored() in channel.parsed()


def _role(table: np.ndarray, layout: Layout, role: str) -> np.ndarray:
    """(rows, columns of a role or bias), a view of the table."""
    return table[:, slice(*layout.roles[role])]


def _parts(scheme: RoleScheme) -> Iterator[_Part]:
    seen: dict[str, int] = {}
    terms = [term for c in scheme.channels.values() for term in c.parsed()]
    for term in terms:
        if term.has_core and term.left != term.roles[1]:
            raise WrongUse(
                f"scheme {scheme.name} has no canonical form here: no score tells "
                f"{term.roles[1]} from its image {term.right}",
                allowed="A learned core between a role and itself, such as node.F.node",
                next_step="Use the vectors as they are",
            )
    parts = [part for c in scheme.channels.values() for part in _of_terms(c.parsed())]
    for part in parts:
        for role in (*part.first, *part.second):
            seen[role] = seen.get(role, 0) + 1
    shared = [role for role, times in seen.items() if times > 1]
    if shared:
        raise WrongUse(
            f"scheme {scheme.name} has no canonical form here: its role {shared[0]} meets "
            "several others",
            allowed="Roles that meet themselves, or one other role",
            next_step="Use the vectors as they are",
        )
    yield from parts


def _of_terms(terms: tuple[Term, ...]) -> Iterator[_Part]:
    """The parts of a channel; a role comes twice where its terms are of no known form."""
    alone = [term for term in terms if term.left == term.right]
    if alone:
        plus, minus = (
            tuple(term.left for term in alone if term.sign == sign) for sign in (1, -1)
        )
        yield _Part(_signature, plus, minus)
    left = [term for term in terms if term.left != term.right]
    while left:
        term = left.pop(0)
        back = next((t for t in left if (t.left, t.right) == (term.right, term.left)), None)  # fmt: skip
        form: _Form = _balanced
        if back is not None:
            left.remove(back)
            form = _symmetrised if back.sign == term.sign else _skew
        yield _Part(form, (term.left,), (term.right,))


def _joined(table: np.ndarray, layout: Layout, roles: tuple[str, ...]) -> np.ndarray:
    parts = [_role(table, layout, role) for role in roles]
    return np.concatenate([table[:, :0], *parts], axis=1).astype(np.float64)


def _put(
    table: np.ndarray, layout: Layout, roles: tuple[str, ...], values: np.ndarray
) -> None:
    """Writes (num_nodes, k) into the columns of some roles, one after the other."""
    at = 0
    for role in roles:
        first, end = layout.roles[role]
        table[:, first:end] = values[:, at : at + end - first]
        at += end - first


# ---- forms: two tables -> the two canonical ones ------------------------------------


def _signature(plus: np.ndarray, minus: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count = plus.shape[1]
    basis, core = np.linalg.qr(np.concatenate([plus, minus], axis=1))
    signs = np.where(np.arange(core.shape[1]) < count, 1.0, -1.0)
    values, turned = np.linalg.eigh((core * signs) @ core.T)
    found = []
    for size, columns in ((values, count), (-values, minus.shape[1])):
        # no more of either sign than columns: Sylvester's law of inertia
        order = np.argsort(-size, kind="stable")[:columns]
        root = np.sqrt(np.maximum(size[order], 0.0))
        vectors = basis @ turned[:, order] * root
        found.append(_filled(vectors * column_signs(vectors), columns))
    return found[0], found[1]


def _balanced(source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    (one, left), (other, right) = np.linalg.qr(source), np.linalg.qr(target)
    turned, values, back = np.linalg.svd(left @ right.T)
    root = np.sqrt(values)
    count = len(root)
    first, second = one @ turned[:, :count] * root, other @ back[:count].T * root
    sign = column_signs(first)
    columns = source.shape[1]
    return _filled(first * sign, columns), _filled(second * sign, columns)


def _symmetrised(
    source: np.ndarray, target: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    half = np.sqrt(0.5)
    plus, minus = _signature(half * (source + target), half * (source - target))
    return half * (plus + minus), half * (plus - minus)


def _skew(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """i K is Hermitian, and the eigenvectors y + i x of its values w > 0 span the planes."""
    columns = a.shape[1]
    basis, core = np.linalg.qr(np.concatenate([a, b], axis=1))
    left, right = core[:, :columns], core[:, columns:]
    values, turned = np.linalg.eigh(1j * (left @ right.T - right @ left.T))
    order = np.argsort(-values, kind="stable")[:columns]
    root = np.sqrt(2 * np.maximum(values[order], 0.0))
    planes = basis @ turned[:, order] * root
    # a turn of the plane is a phase; along the longest vector nothing is left of b
    longest = first_largest(np.abs(planes))
    ends = planes[longest, np.arange(planes.shape[1])]
    size = np.where(np.abs(ends) > 0, np.abs(ends), 1.0)
    planes = planes * np.where(np.abs(ends) > 0, ends.conj() / size, 1.0)
    return _filled(planes.real, columns), _filled(-planes.imag, columns)


def _filled(vectors: np.ndarray, columns: int) -> np.ndarray:
    """With columns of zeros, where nodes are fewer than columns."""
    missing = columns - vectors.shape[1]
    return np.pad(vectors, ((0, 0), (0, missing)))
