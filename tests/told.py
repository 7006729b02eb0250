"""What a command says, for tests of refusals."""

from __future__ import annotations

from typer.testing import CliRunner

from nodeemb.cli.app import app


def told(*args) -> tuple[int, str]:
    """Exit code and standard error of a command, on one line; no traceback."""
    result = CliRunner().invoke(app, [str(arg) for arg in args])
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, " ".join(result.stderr.split())
