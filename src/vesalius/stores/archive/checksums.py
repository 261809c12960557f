"""CRC-32 of two texts joined, from their own CRCs (as zlib's `crc32_combine`).

Plain Python that Cython compiles as it stands (types are in `checksums.pxd`).
"""

from functools import lru_cache

POLYNOMIAL = 0xEDB88320


def multiply(a: int, b: int) -> int:
    """a · b modulo the CRC polynomial, bits reflected."""
    product = 0
    mask = 0x80000000
    while mask:
        if a & mask:
            product ^= b
        b = (b >> 1) ^ POLYNOMIAL if b & 1 else b >> 1
        mask >>= 1
    return product


@lru_cache(maxsize=8192)
def shift_of(length: int) -> int:
    """x to the power of 8 · length: what appending so many bytes multiplies a CRC by."""
    # 0x80000000 is 1, 0x00800000 is x to the 8th.
    result, power = 0x80000000, 0x00800000
    while length:
        if length & 1:
            result = multiply(power, result)
        power = multiply(power, power)
        length >>= 1
    return result


def combine(first: int, second: int, second_length: int) -> int:
    """CRC-32 of the first text followed by the second."""
    return multiply(shift_of(second_length), first) ^ second
