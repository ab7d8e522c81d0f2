"""The terminal door: parses, calls one function, shows."""
