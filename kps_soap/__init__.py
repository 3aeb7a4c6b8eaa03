"""A SOAP gateway that serves the classic XML services of an identity-sharing system."""

__version__ = "0.1.0"
