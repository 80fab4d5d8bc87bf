"""XXH64, from the `xxhash` module if it is installed, otherwise in Python at a few MB/s."""
from struct import unpack
try: import xxhash
except ImportError: xxhash = None

MASK = 2**64 - 1
PRIMES = 0x9E3779B185EBCA87, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0x85EBCA77C2B2AE63, 0x27D4EB2F165667C5

def slow_xxh64(data):
    """Returns the XXH64 of `data`, with seed 0."""
    p1, p2, p3, p4, p5 = PRIMES
    turn = lambda x, bits: (x << bits | x >> 64 - bits) & MASK
    mix = lambda lane, word: turn((lane + word * p2) & MASK, 31) * p1 & MASK
    whole, h, lanes = len(data) // 32 * 4, p5, (p1 + p2 & MASK, p2, 0, -p1 & MASK)
    words, rest = unpack(f"<{len(data) // 8}Q", data[:len(data) & ~7]), data[len(data) & ~7:]
    for stripe in zip(*[iter(words[:whole])] * 4): lanes = tuple(map(mix, lanes, stripe))
    if whole:
        h = sum(map(turn, lanes, (1, 7, 12, 18))) & MASK
        for lane in lanes: h = (h ^ mix(0, lane)) * p1 + p4 & MASK
    h = h + len(data) & MASK
    for word in words[whole:]: h = turn(h ^ mix(0, word), 27) * p1 + p4 & MASK
    if len(rest) >= 4: h, rest = turn(h ^ int.from_bytes(rest[:4], "little") * p1 & MASK, 23) * p2 + p3 & MASK, rest[4:]
    for byte in rest: h = turn(h ^ byte * p5 & MASK, 11) * p1 & MASK
    for shift, prime in ((33, p2), (29, p3), (32, 1)): h = (h ^ h >> shift) * prime & MASK
    return h

xxh64 = xxhash.xxh64_intdigest if xxhash else slow_xxh64
