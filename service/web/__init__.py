"""Pages; no logic that an endpoint lacks."""
