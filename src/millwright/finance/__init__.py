"""What it costs: monthly cash flow, levelised cost of a token, break-even.

`case` says what is paid for, `cash_flow` when, `figures` what it comes to, `break_even` where one way overtakes
another, `uncertainty` how sure that is.
"""
