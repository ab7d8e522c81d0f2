"""Is the organisation ready: today, what its data really hold, measured on the file."""
