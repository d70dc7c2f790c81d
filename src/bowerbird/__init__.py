"""Bowerbird: an autonomous social-media growth engine that says when it is stuck."""

__version__ = "0.1.0"
