"""The same from the real thing: measured points, readers, calibration."""
