"""The library: saved scenarios, plans, measurements, calibrations and jobs in a database."""
