"""Views of a plan: terminal, charts, HTML."""
