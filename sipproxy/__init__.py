"""sipproxy runs Kamailio configurations: live over UDP, on a capture, or in a test."""

__version__ = "0.1.0"
