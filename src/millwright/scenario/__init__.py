"""What the user says: YAML to frozen objects; an error names file, line, key and remedy."""
