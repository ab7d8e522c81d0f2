"""What a user sees: requests and step times to latency percentiles and goodput."""
