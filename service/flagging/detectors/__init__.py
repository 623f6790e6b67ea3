"""Detectors: one file each, named for what it finds."""
