"""A paper as Markdown. Text is escaped: nothing in a scenario can form a heading, a link or a table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from millwright.report.counsel.paper import Bullets, Grid, Heading, Paper, Paragraph, Steps

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


def paper_as_markdown(paper: Paper) -> str:
    """Return the paper as Markdown, the stamp under its title and at its end."""
    lines = [f"# {_plain(paper.title)}", "", _plain(paper.subtitle), "", f"*{_plain(paper.stamp)}*", ""]
    for block in paper.blocks:
        lines += [*_lines(block), ""]
    return "\n".join([*lines, f"*{_plain(paper.stamp)}*"]) + "\n"


def _lines(block: Heading | Paragraph | Bullets | Steps | Grid) -> Iterator[str]:
    if isinstance(block, Heading):
        yield f"{'#' * (block.level + 1)} {_plain(block.text)}"
    elif isinstance(block, Paragraph):
        yield f"*{_plain(block.text)}*" if block.quiet else _plain(block.text)
    elif isinstance(block, Bullets):
        yield from (f"- {_plain(item)}" for item in block.items)
    elif isinstance(block, Steps):
        yield from (f"{'  ' * depth}- {_plain(line)}" for depth, line in block.lines)
    else:
        yield _row(block.heads)
        yield _row(("---",) * len(block.heads), escape=False)
        yield from (_row(row) for row in block.rows)


def _row(cells: tuple[str, ...], *, escape: bool = True) -> str:
    return f"| {' | '.join(_plain(cell) if escape else cell for cell in cells)} |"


def _plain(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
