"""Millwright plans LLM inference: one scenario in, a ranked plan out."""

__version__ = "0.1.0"
