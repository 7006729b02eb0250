"""Schemes of a user's own, shares, kinds, and what is said when they are wrong."""

from __future__ import annotations

import re

import naive
import numpy as np
import pytest

from nodeemb.errors import WrongUse
from nodeemb.options import parse
from nodeemb.roles.layout import lay_out
from nodeemb.roles.scheme import Channel, RoleScheme, Term
from nodeemb.roles.schemes import SCHEMES, find_scheme, load_scheme

OWN = """\
name: hierarchy
title: likes that are mutual, and who follows whom
roles: {taste: 2, above: 1, below: 1}
channels:
  link:
    terms: taste.taste + above.below - below.above
views:
  rank: [above, below]
"""


def own(tmp_path, text: str = OWN):
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    return load_scheme(path)


def test_a_scheme_of_ones_own(tmp_path):
    scheme = own(tmp_path)
    assert scheme.columns(8) == {"taste": 4, "above": 2, "below": 2}
    assert scheme.channels["link"].parsed() == (
        Term("taste", "taste", 1),
        Term("above", "below", 1),
        Term("below", "above", -1),
    )
    layout = lay_out(scheme, 8, "free")
    table = np.arange(20.0).reshape(2, 10)
    roles = {name: table[:, start:stop] for name, (start, stop) in layout.roles.items()}
    by_hand = table[0, :4] @ table[1, :4] + table[0, 4:6] @ table[1, 6:8]
    by_hand += -table[0, 6:8] @ table[1, 4:6] + table[0, 8] + table[1, 9]
    assert naive.score(scheme, "link", roles, 0, 1) == by_hand


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a.b", [("a", "b", 1)]),
        ("  a.b  ", [("a", "b", 1)]),
        (" ", []),
        ("- a.b + b.a", [("a", "b", -1), ("b", "a", 1)]),
        ("-a.b -b.a", [("a", "b", -1), ("b", "a", -1)]),
        ("a+.b- - a-.b+", [("a+", "b-", 1), ("a-", "b+", -1)]),
        ("a.F.a - F.F.F", [("a", "F.a", 1), ("F", "F.F", -1)]),
    ],
)
def test_terms_are_read(text, terms):
    assert Channel(terms=text).parsed() == tuple(Term(*term) for term in terms)


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "a b",
        "a.b c.d",
        "a.b + ",
        "2 a.b",
        "a.b * c.d",
        "a.b.c",
        "F.a.b",
        "a.F.F.b",
        ".b",
        "a.",
    ],
)
def test_what_is_no_sum_of_terms_is_refused(text):
    with pytest.raises(WrongUse, match="term"):
        Channel(terms=text).parsed()


def wrong(tmp_path, *changes: tuple[str, str]) -> str:
    text = OWN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    with pytest.raises(WrongUse) as caught:
        own(tmp_path, text)
    assert "own.yaml" in str(caught.value)
    return str(caught.value)


def test_a_term_with_an_unknown_role_names_the_known_ones(tmp_path):
    message = wrong(tmp_path, ("above.below -", "abov.below -"))
    assert 'no role in channel link "abov"' in message
    assert "Did you mean above?" in message and "taste, above, below" in message


def test_a_view_with_an_unknown_role_is_refused(tmp_path):
    assert 'no role in view rank "up"' in wrong(tmp_path, ("[above,", "[up,"))


def test_a_label_for_an_unknown_kind_is_refused(tmp_path):
    message = wrong(tmp_path, ("  link:\n", "  link:\n    labels: {'+': 1}\n"))
    assert 'no kind of pair in channel link "+"' in message and "pair" in message


def test_an_idle_role_is_refused(tmp_path):
    assert "no term uses role idle" in wrong(
        tmp_path, ("{taste: 2,", "{taste: 2, idle: 1,")
    )


def test_roles_that_meet_need_equal_shares(tmp_path):
    message = wrong(tmp_path, ("below: 1}", "below: 2}"))
    assert "above, below meet in a term and need equal shares" in message


@pytest.mark.parametrize(
    "shares", ["{taste: -2, above: 1, below: 1}", "{taste: 0, above: 0, below: 0}"]
)
def test_shares_below_zero_or_all_zero_are_refused(tmp_path, shares):
    assert "shares must be 0 or more" in wrong(
        tmp_path, ("{taste: 2, above: 1, below: 1}", shares)
    )


def test_a_scheme_without_channels_is_refused(tmp_path):
    text = "name: empty\nroles: {a: 1}\nchannels: {}\n"
    with pytest.raises(WrongUse, match="needs a channel"):
        own(tmp_path, text)


@pytest.mark.parametrize(
    "text",
    [
        'name: x\nroles: {a: 1}\nchannels: {link: {terms: ""}}\n',
        "name: x\nroles: {}\nchannels: {link: {terms: a.a}}\n",
    ],
)
def test_roles_and_terms_come_together_or_not_at_all(tmp_path, text):
    with pytest.raises(WrongUse, match="neither roles nor terms"):
        own(tmp_path, text)


@pytest.mark.parametrize("view", ["F.a", "bias", "source_bias:link", "concat"])
def test_a_name_that_is_taken_is_no_view(tmp_path, view):
    text = (
        "name: x\nroles: {a: 1}\nchannels: {link: {terms: a.F.a}}\n"
        f'views: {{"{view}": [a]}}\n'
    )
    with pytest.raises(WrongUse, match="a name with a meaning of its own"):
        own(tmp_path, text)


def test_an_unknown_key_names_the_closest(tmp_path):
    message = wrong(tmp_path, ("views:", "view:"))
    assert "view is not an option" in message and "Did you mean views?" in message


def test_an_unknown_key_of_a_channel_names_the_closest(tmp_path):
    message = wrong(tmp_path, ("  link:\n", "  link:\n    label: {pair: 1}\n"))
    assert "label is not an option of channels.link" in message
    assert "Did you mean labels?" in message


def test_an_unknown_scheme_names_the_closest():
    with pytest.raises(WrongUse, match="Did you mean source_target"):
        find_scheme("source_targets")


def test_a_width_that_cannot_be_shared_out_says_which_can():
    for name, width in (
        ("source_target", 3),
        ("symmetrised", 7),
        ("four_signed", 9),
        ("signature", 1),
    ):
        with pytest.raises(
            WrongUse, match=f"width {width} cannot be shared out"
        ) as caught:
            SCHEMES[name].columns(width)
        example = int(re.search(r"For example (\d+)", str(caught.value))[1])
        assert example > width
        assert sum(SCHEMES[name].columns(example).values()) == example
    with pytest.raises(WrongUse, match="width is 0"):
        SCHEMES["single"].columns(0)


def test_the_suggested_width_can_be_shared_out_whatever_the_shares():
    scheme = SCHEMES["partial"].with_shares({"shared": 0})
    with pytest.raises(WrongUse) as caught:
        scheme.columns(9)
    scheme.columns(int(re.search(r"For example (\d+)", str(caught.value))[1]))


@pytest.mark.parametrize(
    ("name", "shares", "columns"),
    [
        ("signature", {}, {"plus": 8, "minus": 8}),
        ("signature", {"minus": 0.25}, {"plus": 12, "minus": 4}),
        ("signature", {"minus": 0.0}, {"plus": 16, "minus": 0}),
        ("signature", {"minus": 1.0}, {"plus": 0, "minus": 16}),
        ("partial", {"shared": 0.0}, {"shared": 0, "source": 8, "target": 8}),
        ("partial", {"shared": 0.25}, {"shared": 4, "source": 6, "target": 6}),
        ("partial", {"shared": 1.0}, {"shared": 16, "source": 0, "target": 0}),
        ("partial", {"source": 0.125}, {"shared": 12, "source": 2, "target": 2}),
        ("sign_skew", {"a": 0.125}, {"plus": 6, "minus": 6, "a": 2, "b": 2}),
        (
            "sign_skew",
            {"plus": 0.5, "minus": 0.0},
            {"plus": 8, "minus": 0, "a": 4, "b": 4},
        ),
    ],
)
def test_shares_are_an_option(name, shares, columns):
    scheme = SCHEMES[name].with_shares(shares)
    assert scheme.columns(16) == columns
    assert scheme.name == name
    assert SCHEMES[name].columns(16) != columns or not shares, (
        "the built-in one stays as it is"
    )


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        ({"shred": 0.5}, "Did you mean shared"),
        ({"shared": 1.5}, "0 to 1"),
        ({"shared": -0.1}, "0 to 1"),
        ({"shared": 0.8, "source": 0.3}, "sum to 1.4"),
    ],
)
def test_impossible_shares_are_refused(shares, said):
    with pytest.raises(WrongUse, match=said):
        SCHEMES["partial"].with_shares(shares)


def test_two_shares_for_roles_that_meet_are_refused():
    with pytest.raises(WrongUse):
        SCHEMES["partial"].with_shares({"source": 0.2, "target": 0.3})


def test_one_share_said_twice_is_no_contradiction():
    scheme = SCHEMES["partial"].with_shares({"source": 0.2, "target": 0.2})
    assert scheme.columns(10) == {"shared": 6, "source": 2, "target": 2}


def test_shares_of_all_roles_must_be_the_whole():
    with pytest.raises(WrongUse, match=r"sum to 0\.75\. 1 in all"):
        SCHEMES["signature"].with_shares({"plus": 0.5, "minus": 0.25})


@pytest.mark.parametrize(
    ("name", "shares", "columns"),
    [
        ("signature", {"minus": 0.01}, {"plus": 15, "minus": 1}),
        ("partial", {"shared": 0.02}, {"shared": 1, "source": 8, "target": 8}),
        ("partial", {"source": 0.02}, {"shared": 14, "source": 1, "target": 1}),
    ],
)
def test_a_small_share_is_a_column_at_least(name, shares, columns):
    """The user asked for such a role; without columns it would be another scheme."""
    width = sum(columns.values())
    assert SCHEMES[name].with_shares(shares).columns(width) == columns


def test_a_scheme_made_in_python_is_refused_in_the_same_words():
    with pytest.raises(WrongUse, match='no role in channel link "b"'):
        RoleScheme(name="x", roles={"a": 1.0}, channels={"link": Channel(terms="a.b")})


def test_a_dim_that_cannot_be_made_is_refused():
    for name, dim in (("symmetrised", 7), ("sign_skew", 3), ("single", 0)):
        with pytest.raises(WrongUse, match=f"dim {dim}"):
            SCHEMES[name].width_for(dim)


def test_kinds_come_in_code_order():
    assert SCHEMES["single"].kinds == ("pair",)
    assert SCHEMES["four_signed"].kinds == ("+", "-", "none")
    assert SCHEMES["four_side"].kinds == ("left", "right")


def test_a_wrong_type_says_what_was_expected():
    with pytest.raises(
        WrongUse, match=r"roles\.a.*valid number.*share of the D floats"
    ):
        parse(RoleScheme, {"name": "x", "roles": {"a": "much"}, "channels": {}}, "here")
