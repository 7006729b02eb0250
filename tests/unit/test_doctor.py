"""The processor as it is told: makers give many models one name."""

from pathlib import Path

import pytest

from nodeemb.doctor import processor

ONE = "processor\t: 0\ncpu family\t: 25\nmodel\t\t: 1\nmodel name\t: AMD EPYC\n"


@pytest.mark.parametrize(
    "told, wanted",
    [
        (f"{ONE}\n{ONE}", "AMD EPYC (family 25, model 1), "),
        ("model name\t: Some: other\n\n", "Some: other, "),
    ],
)
def test_family_and_model_stand_beside_the_name(monkeypatch, told, wanted):
    monkeypatch.setattr(Path, "read_text", lambda _: told)
    assert processor().startswith(wanted)
    assert " cores, " in processor()
