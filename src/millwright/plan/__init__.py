"""The join: options, ranking and explanation."""
