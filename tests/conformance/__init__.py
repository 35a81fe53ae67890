"""Conformance: cases recorded from Kamailio 5.6.3, played against a server process."""
