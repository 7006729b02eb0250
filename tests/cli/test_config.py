"""`nodeemb config show` and `nodeemb config check`."""

from pathlib import Path


def rows(result):
    """name -> (value, origin) of a printed table."""
    assert result.exit_code == 0, result.output
    cut = [line.split(None, 2) for line in result.stdout.splitlines()[1:]]
    return {name: (value, origin.strip()) for name, value, origin in cut}


def test_show_says_where_each_value_comes_from(nodeemb, edges):
    Path("c.yaml").write_text("training: {epochs: 3}\nrun: {seed: 5}\n")
    shown = rows(
        nodeemb(
            "config", "show", edges, "--config", "c.yaml", "--dim", "4", "--no-header"
        )
    )
    assert shown["training.epochs"] == ("3", "file c.yaml")
    assert shown["roles.dim"] == ("4", "override --dim")
    assert shown["run.seed"] == ("5", "file c.yaml")
    assert shown["run.input.name"] == ("edges.tsv", "override INPUT")
    assert shown["run.input.header"] == ("false", "override --header")
    assert shown["run.backend"] == ("cpu", "default")
    cored = ("--preset", "line2", "--set", "roles.scheme=learned_form")
    shown_cored = rows(nodeemb("config", "show", edges, *cored))
    assert shown_cored["run.backend"] == ("torch", "default")
    assert shown["noise.side"][1].startswith("preset nerd, for directed graphs where")
    assert rows(nodeemb("config", "show"))["run.input.name"][0] == "debian-depends"


def test_show_takes_what_embed_takes(nodeemb):
    own = {"--out", "--quiet", "-q", "--resume", "--checkpoint-minutes"}
    flags = {}
    for command in (("embed",), ("config", "show")):
        words = nodeemb(*command, "--help").stdout.replace(",", " ").split()
        flags[command] = {word for word in words if word.startswith("--")}
    assert flags["embed",] - own <= flags["config", "show"]


def test_show_refuses_what_embed_refuses(refused, edges):
    for args in (
        ("--set", "epochs=3"),
        ("--dim", "4", "--width", "8"),
        ("--preset", "ned"),
        ("--threads", "0"),
    ):
        assert refused(2, "config", "show", edges, *args) == refused(
            2, "embed", edges, *args
        )


def test_check(nodeemb, refused, here):
    Path("c.yaml").write_text("training: {epochs: 3}\n")
    result = nodeemb("config", "check", "c.yaml")
    assert result.exit_code == 0
    assert "c.yaml is valid (choices)" in result.stdout
    assert "nodeemb embed --config c.yaml" in result.stdout
    Path("c.yaml").write_text("training: {epoch: 3}\nnose: {}\n")
    told = refused(2, "config", "check", "c.yaml")
    assert "Did you mean epochs?" in told
    assert "Did you mean noise?" in told
    assert told.endswith("Error: c.yaml is not valid: 2 faults as choices.\n")
    assert "cannot read" in refused(3, "config", "check", "gone.yaml")
    assert "Did you mean nerd?" in refused(
        2, "config", "check", "c.yaml", "--preset", "ned"
    )


def test_shares_of_noise_are_shown_and_checked(nodeemb, refused, edges):
    Path("c.yaml").write_text("noise: {reversed: 0.5, uniform: 0.25}\n")
    shown = rows(nodeemb("config", "show", edges, "--config", "c.yaml"))
    assert shown["noise.reversed"] == ("0.5", "file c.yaml")
    assert shown["noise.uniform"] == ("0.25", "file c.yaml")
    checked = nodeemb("config", "check", "c.yaml")
    assert "for directed graphs" in checked.stdout, "deepwalk's window is on both sides"
    told = refused(2, "config", "check", "c.yaml", "--preset", "deepwalk")
    assert "a window on both sides counts every pair both ways" in told
    Path("c.yaml").write_text("noise: {reversed: 0.8, uniform: 0.25}\n")
    assert "are 1.05 of the noise" in refused(2, "config", "check", "c.yaml")


def test_embed_says_what_noise_it_takes(nodeemb, edges):
    options = ("--set", "noise.reversed=0.5", "--dim", "2", "--no-header")
    result = nodeemb("embed", edges, *options)
    assert result.exit_code == 0, result.output
    assert "5 noise a pair (side both, 50 % power 0, 50 % reversed)" in result.stderr
