"""Webhooks and the ways other software calls in."""
