"""What it costs: monthly cash flow, levelised cost of a token, break-even."""
