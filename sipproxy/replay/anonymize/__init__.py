"""Captures without the people in them: the same traffic from other addresses by other names."""

from sipproxy.replay.anonymize.capture import Account, anonymize

__all__ = ["Account", "anonymize"]
