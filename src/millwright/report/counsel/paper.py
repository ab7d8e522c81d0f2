"""A paper as blocks of text, so that Markdown, Word and PDF show the same words.

Every paper carries its stamp: the day it speaks of, the version of the rule base, and that it is no legal advice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 opens a section."""

    text: str
    level: int = 1


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; `quiet` is small print."""

    text: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of short texts."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Steps:
    """Lines of a proof, each with its depth; a line rests on the deeper ones that follow it."""

    lines: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: one line of heads, rows of cells, and how wide each column is beside the others."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


Block = Heading | Paragraph | Bullets | Steps | Grid


@dataclass(frozen=True, slots=True)
class Paper:
    """A titled sequence of blocks with its stamp."""

    title: str
    subtitle: str
    stamp: str
    blocks: tuple[Block, ...]


def grid(heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int]) -> Grid:
    """Return a table of those rows; raises ValueError where a row does not fit the heads."""
    for row in (*rows, widths):
        if len(row) != len(heads):
            raise ValueError(f"a row has {len(row)} cells under {len(heads)} heads")
    return Grid(tuple(heads), tuple(tuple(row) for row in rows), tuple(widths))
