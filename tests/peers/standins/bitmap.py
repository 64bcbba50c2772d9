"""The two calls of the package bitmap that tini's tests make: which bits of a number are set."""


class BitMap:
    """A set of bit numbers, made from a text of 0s and 1s, the highest bit first."""

    def __init__(self, bits: list[int]) -> None:
        """Take the numbers of the bits that are set."""
        self._bits = bits

    @classmethod
    def fromstring(cls, text: str) -> "BitMap":
        """Give the bits that are 1."""
        return cls([place for place, bit in enumerate(reversed(text)) if bit == "1"])

    def nonzero(self) -> list[int]:
        """Give the numbers of the bits that are set."""
        return self._bits
