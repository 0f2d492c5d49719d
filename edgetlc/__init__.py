"""edgetlc: image classifiers for phones and small field computers, with proof per camera."""

__version__ = "0.1.0"
