"""One exception class per reason. Every message says what was given, what is accepted and what to write instead."""

from __future__ import annotations


class AttrTheoryError(Exception):
    """Base of every error that attrtheory raises on purpose."""


class NotExact(AttrTheoryError, TypeError):
    """A number that is not an exact rational (a float, NaN, infinity) was put into a term."""


class Unsupported(AttrTheoryError, NotImplementedError):
    """An operation, layer or term outside the language."""


class BadInput(AttrTheoryError, ValueError):
    """Data, a model file or an argument does not have the form that is asked for."""


class SideCondition(AttrTheoryError):
    """A rule was asked to prove something although its side condition does not hold."""


class BadCertificate(AttrTheoryError):
    """A certificate is damaged, forged, or for another claim."""


class EngineDisagreement(AttrTheoryError):
    """Two engines answered differently: a bug in attrtheory, never a result."""


class TooLarge(AttrTheoryError):
    """The question is beyond the stated size limits; the message carries the size estimate."""
