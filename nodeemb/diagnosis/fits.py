"""What each role scheme, fitted to one half in closed form, says of the other half.

At D floats a node the best approximation of M by a scheme, in the sense of least squares, is
known (Eckart and Young):

    single         the D largest eigenvalues of S above 0
    signature      the D eigenvalues of S largest in size
    sign_skew      the D largest of eigenvalues of S and singular values of K together
    source_target  the D / 2 largest singular values of M

    fit = <M^_A, M_B> / |M^_A|

which is the same for all schemes if none has learned more, and is less the more of what it
learned was noise. It says which scheme should win before one is trained; training weighs
pairs otherwise and so need not agree.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from nodeemb.diagnosis.parts import Parts, Spectrum

SCHEMES = ("single", "signature", "sign_skew", "source_target")
Fits = Mapping[str, np.ndarray]


def fits(parts: Parts, width: int) -> Fits:
    """Scheme -> (n,): what each node adds to its fit at so many floats a node."""
    symmetric = _first(
        parts.symmetric, np.ones(len(parts.symmetric.values), bool), width
    )
    above = _first(parts.symmetric, parts.symmetric.values > 0, width)
    both = Spectrum(
        np.concatenate([parts.symmetric.values, parts.skew.values]),
        np.concatenate([parts.symmetric.met, parts.skew.met], axis=1),
    )
    order = np.argsort(-np.abs(both.values), kind="stable")[:width]
    return {
        "single": _fit(above),
        "signature": _fit(symmetric),
        "sign_skew": _fit(Spectrum(both.values[order], both.met[:, order])),
        "source_target": _fit(_first(parts.whole, parts.whole.values > 0, width // 2)),
    }


def _first(spectrum: Spectrum, kept: np.ndarray, count: int) -> Spectrum:
    places = np.flatnonzero(kept)[:count]
    return Spectrum(spectrum.values[places], spectrum.met[:, places])


def _fit(spectrum: Spectrum) -> np.ndarray:
    norm = np.linalg.norm(spectrum.values)
    return spectrum.met @ (spectrum.values / norm if norm > 0 else spectrum.values)
