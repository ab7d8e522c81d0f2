"""How long a week, a month and a year are, everywhere in the program.

A month is the mean one, a twelfth of 365.25 days, for requests, energy, rent and delivery alike, so that a rate per
second, a price per hour and a limit in days agree within one sum. Clouds print 730 h, the twelfth of 365 days: 0.07 %
less.
"""

from __future__ import annotations

MONTHS_PER_YEAR = 12
DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = DAYS_PER_YEAR / MONTHS_PER_YEAR
WEEKS_PER_MONTH = DAYS_PER_MONTH / 7.0
HOURS_PER_WEEK = 168
HOURS_PER_MONTH = 24.0 * DAYS_PER_MONTH
HOURS_PER_YEAR = 24.0 * DAYS_PER_YEAR
SECONDS_PER_DAY = 86_400.0
SECONDS_PER_MONTH = SECONDS_PER_DAY * DAYS_PER_MONTH
SECONDS_PER_YEAR = SECONDS_PER_DAY * DAYS_PER_YEAR
