"""Many plans at once: scenarios, values that vary, and seeds; on this machine's cores or a Ray cluster."""
