"""Prompt files: load, check, render, lock, label."""
