"""Options: unknown keys, wrong types and unsafe YAML are refused, with the way out."""

from __future__ import annotations

from typing import Annotated, Literal

import pytest
from pydantic import Field, model_validator

from nodeemb.errors import DataRefused, WrongUse
from nodeemb.options import Options, parse, parse_yaml, read_yaml


class Cat(Options):
    kind: Literal["cat"] = "cat"
    lives: int = Field(default=9, ge=1, le=9, description="lives left; 1 to 9")


class Dog(Options):
    kind: Literal["dog"] = "dog"
    friends: list[str] = Field(default=[])


class House(Options):
    rent: float = Field(gt=0, description="euros a month, above 0")
    furnished: bool = False
    pet: Annotated[Cat | Dog, Field(discriminator="kind")] = Cat()


def refused(data: object) -> str:
    with pytest.raises(WrongUse) as caught:
        parse(House, data, "house.yaml")
    assert str(caught.value).startswith("house.yaml: ")
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_right_options_are_taken():
    house = parse(
        House, {"rent": 500, "pet": {"kind": "dog", "friends": ["Tom"]}}, "here"
    )
    assert house == House(rent=500.0, pet=Dog(friends=["Tom"]))
    assert parse(House, {"rent": 1.5}, "here").pet.lives == 9


def test_options_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        House(rent=1.0).rent = 2.0


def test_options_made_by_hand_are_refused_in_the_same_words():
    with pytest.raises(
        WrongUse, match=r"House: rnt is not an option\. Did you mean rent"
    ):
        House(rnt=1.0)
    with pytest.raises(
        WrongUse, match=r"House: pet\.lives: .*got 10. It is: lives left"
    ):
        House(rent=1.0, pet={"kind": "cat", "lives": 10})


class Street(Options):
    owner: str | Dog = "the town"
    houses: dict[str, House] = Field(default={})
    corners: list[House] = Field(default=[])
    sign: Cat | None = None


@pytest.mark.parametrize(
    ("data", "path", "help_"),
    [
        ({"houses": {"red": {"rents": 1.0}}}, "of houses.red.", "Did you mean rent?"),
        (
            {"corners": [{"rent": 1.0}, {"rent": 0}]},
            "corners.1.rent: ",
            "It is: euros a month",
        ),
        ({"sign": {"live": 3}}, "of sign.", "Did you mean lives?"),
        ({"owner": {"friend": []}}, "of owner.", "Did you mean friends?"),
        ({"owner": {"kind": "dog", "friends": 1}}, "owner.friends: ", "valid list"),
    ],
)
def test_the_path_leads_through_mappings_lists_and_choices(data, path, help_):
    with pytest.raises(WrongUse) as caught:
        parse(Street, data, "street.yaml")
    assert path in str(caught.value) and help_ in str(caught.value)


class Rule(Options):
    steps: int = 1

    @model_validator(mode="after")
    def _check(self):
        if self.steps == 2:
            raise WrongUse("two steps", allowed="One or three", next_step="Add one")
        if self.steps == 4:
            raise DataRefused("four.yaml is damaged")
        return self


class Rules(Options):
    first: Rule = Rule()


def test_what_a_rule_says_is_passed_on():
    with pytest.raises(WrongUse) as caught:
        parse(Rules, {"first": {"steps": 2}}, "here")
    assert str(caught.value) == "here: first: two steps. One or three. Add one."
    with pytest.raises(DataRefused, match=r"^four\.yaml is damaged\.$"):
        parse(Rules, {"first": {"steps": 4}}, "here")


def test_an_unknown_key_names_the_closest_and_all_there_are():
    message = refused({"rent": 1.0, "furnishd": True})
    assert "furnishd is not an option. Did you mean furnished?" in message
    assert "Options: rent, furnished, pet" in message


def test_a_misspelt_key_that_must_be_there_is_the_one_that_is_told():
    assert "Did you mean rent?" in refused({"rant": 1.0})


def test_an_unknown_key_far_from_all_names_all_there_are():
    message = refused({"rent": 1.0, "workers": 4})
    assert "workers is not an option" in message and "Did you mean" not in message


def test_an_unknown_key_of_a_group_says_of_which():
    message = refused({"rent": 1.0, "pet": {"kind": "cat", "live": 3}})
    assert "live is not an option of pet" in message
    assert "Did you mean lives?" in message and "Options: kind, lives" in message


def test_an_unknown_kind_names_the_known_ones():
    message = refused({"rent": 1.0, "pet": {"kind": "cow"}})
    assert 'pet: no kind "cow".' in message and "'cat', 'dog'" in message
    assert "Did you mean dog?" in refused({"rent": 1.0, "pet": {"kind": "dogg"}})
    message = refused({"rent": 1.0, "pet": {"lives": 3}})
    assert "pet: the kind is missing" in message and "Set pet.kind" in message


def test_a_missing_option_is_named_with_what_it_is():
    message = refused({})
    assert "rent: field required" in message and "euros a month, above 0" in message


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("500", "Remove the quotes"),
        ("1e3", "Remove the quotes; write 1e-3 as 1.0e-3"),
        ("cheap", "got 'cheap'"),
        (0, "greater than 0"),
        (-1.0, "got -1.0"),
        (True, "got True"),
        (None, "got None"),
        (float("nan"), "finite"),
        (float("inf"), "finite"),
        ([1], "got this"),
    ],
)
def test_a_wrong_value_says_what_it_should_be(value, said):
    message = refused({"rent": value})
    assert "rent: " in message and said in message
    assert "It is: euros a month, above 0" in message


@pytest.mark.parametrize("value", ["yes", 1, "true"])
def test_truth_values_are_not_guessed(value):
    assert "furnished" in refused({"rent": 1.0, "furnished": value})


@pytest.mark.parametrize("value", [0, 10, 2.5, "3"])
def test_a_wrong_value_in_a_group_has_its_path_and_range(value):
    message = refused({"rent": 1.0, "pet": {"kind": "cat", "lives": value}})
    assert "lives" in message and "1 to 9" in message


def test_no_mapping_at_all_is_refused():
    assert "the whole" in refused(3)


# ---- YAML -------------------------------------------------------------------------------


def test_plain_yaml_is_read(tmp_path):
    path = tmp_path / "house.yaml"
    path.write_text(
        "rent: 5.0e+2\npet: {kind: dog, friends: [Tóm]}  # a dog\n", encoding="utf-8"
    )
    assert read_yaml(path) == {
        "rent": 500.0,
        "pet": {"kind": "dog", "friends": ["Tóm"]},
    }
    assert read_yaml(str(path)) == read_yaml(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\nb: *x\n", "line 1: anchors and aliases"),
        ("a: 1\nb: &x [1]\n", "line 2: anchors and aliases"),
        ("a: &x {b: 1}\n", "anchors and aliases"),
        ("a: *x\n", "line 1: "),
        ("a: !!python/object/apply:os.system ['true']\n", "tag"),
        ("a: !mine 1\n", "tag"),
        ("a: 1\nb: 2\na: 3\n", "line 3: the key 'a' comes twice"),
        ("a: {b: 1, b: 2}\n", "the key 'b' comes twice"),
        ("a: [{b: 1, c: 1, b: 1}]\n", "the key 'b' comes twice"),
        ("a: 1\n<<: {a: 2}\n", "line 2: merging"),
        ("a: ! 3\n", "the tag ! "),
        ("a: [1\n", "line 2: "),
        ("a: b: c\n", "line 1: "),
        ("\ta: 1\n", "line 1: "),
        ("- 1\n- 2\n", "it holds list, not keys and values"),
        ("just text\n", "it holds str, not keys and values"),
        ("", "it holds NoneType"),
        ("a: \x00\n", "special characters"),
        ("a: 1\n---\nb: 2\n", "found another document"),
        ("a: " + 4000 * "[" + "\n", ""),
    ],
)
def test_other_yaml_is_refused(text, said):
    with pytest.raises(DataRefused) as caught:
        parse_yaml(text, "house.yaml")
    assert str(caught.value).startswith("house.yaml: ") and said in str(caught.value)
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    "text", ["a: !!int '3'\n", "a: !!set {x}\n", "a: !!binary aGk=\n"]
)
def test_every_tag_is_refused(text):
    with pytest.raises(DataRefused):
        parse_yaml(text, "house.yaml")


@pytest.mark.parametrize("text", ["? [a, b]\n: 1\n", "? {a: 1}\n: 2\n"])
def test_keys_that_are_no_words_are_refused(text):
    with pytest.raises(DataRefused):
        parse_yaml(text, "house.yaml")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataRefused, match="No such file"):
        read_yaml(tmp_path / "none.yaml")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(DataRefused, match="cannot read it"):
        read_yaml(tmp_path)


def test_a_file_too_large_is_refused(tmp_path):
    path = tmp_path / "large.yaml"
    path.write_text("# " + "x" * 1_000_000 + "\na: 1\n", encoding="utf-8")
    with pytest.raises(DataRefused, match="At most 200 kB"):
        read_yaml(path)


def test_a_file_that_is_not_utf8_is_refused(tmp_path):
    path = tmp_path / "latin.yaml"
    path.write_bytes("a: Tóm\n".encode("latin-1"))
    with pytest.raises(DataRefused, match="not UTF-8"):
        read_yaml(path)
