"""How the adapted layers are fitted: `python -m service.flagging.adapting.fit`. Nothing here runs in the service."""
