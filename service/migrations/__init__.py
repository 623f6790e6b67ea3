"""Versions of the SQL schema."""
