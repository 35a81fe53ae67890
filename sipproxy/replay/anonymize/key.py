"""What decides how everything is mapped: one secret, so that the same is mapped to the same."""

from hashlib import blake2b

from sipproxy.text import encode


class Key:
    """A keyed function from texts to numbers (BLAKE2b, RFC 7693)."""

    def __init__(self, secret: bytes) -> None:
        """Who knows the secret can map again, and try out guesses."""
        self._key = blake2b(secret).digest()

    def digest(self, kind: str, text: str) -> bytes:
        """64 bytes; another kind gives others for the same text."""
        return blake2b(encode(f"{kind}\0{text}"), key=self._key).digest()

    def token(self, kind: str, text: str, length: int) -> str:
        """Hexadecimal digits, at most 128."""
        return self.digest(kind, text).hex()[:length]
