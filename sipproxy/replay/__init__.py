"""Captures played through a cfg on a virtual clock; nothing outside is touched."""
