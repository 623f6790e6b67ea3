"""How the adapted layers are fitted: `python -m service.adapting.fit`. Nothing here runs in the service."""
