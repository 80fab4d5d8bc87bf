"""The content of the scale benchmark's synthetic archives, made from numbers alone: equal numbers give equal
bytes.

A small output is a counter of 8 bytes and some text. A large output is a stream of repetitive chunks that are
cut where the format says. Such a chunk is a repeated block of text in which the gear hash finds no cut, and
64 bytes that make a cut. All outputs of a group begin with the same chunks, so that the SHA-256 of one
continues that of a shorter one. Each output ends in a tail of its own.
"""
import base64
import hashlib
import itertools
import random
import struct

MASK = 2**64 - 1
CUT_LEAST, CUT_NORMAL, CUT_MOST = 2 << 20, 4 << 20, 8 << 20
GEAR = [int.from_bytes(hashlib.sha256(b'castore gear %d' % value).digest()[:8], 'little') for value in range(256)]
BLOCK, TOKEN = 4096, 64
CHUNKS = 500  # the number of different chunks in large outputs
GROUP = 18  # the outputs of a group, which begin alike: 1 to 18 chunks, then the tail
TREE_FILES = 24
LARGE_TAIL = 1 << 40  # the first counter of the tails, above those of small outputs


def _pool():
    source = random.Random('scale')
    words = [f'{a}{b}' for a in ('read', 'write', 'node', 'index', 'cache', 'error', 'type', 'value', 'send', 'list')
             for b in ('', 'er', 's', 'At', 'Name', 'Size', 'Func', 'All')]
    pieces = (source.choice(words) if source.random() < 0.8 else f'{source.getrandbits(48):x}' for _ in range(12000))
    return ' '.join(pieces).encode()


POOL = _pool()


def mixed(number):
    """Spreads a counter over 64 bits (the finalizer of SplitMix64)."""
    number = (number + 0x9E3779B97F4A7C15) & MASK
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & MASK
    number = (number ^ number >> 27) * 0x94D049BB133111EB & MASK
    return number ^ number >> 31


def small_output(number):
    """Returns a counter and 100 to 1,099 bytes of text."""
    bits = mixed(number)
    start = bits % (len(POOL) - 1100)
    return struct.pack('>Q', number) + POOL[start:start + 100 + (bits >> 32) % 1000]


def tail(number):
    return small_output(LARGE_TAIL + number)


def action_id(number, is_large=False):
    return hashlib.sha256(b'%s action %d' % (b'large' if is_large else b'small', number)).digest()


def _hash_of(window):
    value = 0
    for byte in window:
        value = (value << 1) + GEAR[byte] & MASK
    return value


def _cutting_token():
    """Returns 64 bytes after which the top 24 bits of the gear hash are zero, whatever came before.

    The search finds two halves whose hashes sum to that."""
    source = random.Random('token')
    half = TOKEN // 2
    firsts = {}
    while True:
        first, second = source.randbytes(half), source.randbytes(half)
        firsts[_hash_of(first) << half >> 40 & 0xFFFFFF] = first
        for carry in (0, 1):
            found = firsts.get(-(_hash_of(second) >> 40) - carry & 0xFFFFFF)
            if found and _hash_of(found + second) >> 40 == 0:
                return found + second


TOKEN_BYTES = _cutting_token()


def _has_early_cut(block, length, ends_in_token):
    """Returns whether the gear hash would cut before `length` where `block` repeats.

    The hash depends on the last 64 bytes alone, so one period and the two ends decide. The eased condition is
    applied throughout, because it is the stricter test here."""
    at = CUT_LEAST % BLOCK
    text = block + block
    value = 0
    for byte in text[at:at + BLOCK + TOKEN]:  # from the first hashed byte through one whole period
        value = (value << 1) + GEAR[byte] & MASK
        if value >> 44 == 0:
            return True
    if not ends_in_token:
        return False
    body = (length - TOKEN) % BLOCK
    value = _hash_of((block + text[:body])[-TOKEN:])
    for byte in TOKEN_BYTES[:-1]:
        value = (value << 1) + GEAR[byte] & MASK
        if value >> 44 == 0:
            return True
    return False


def large_chunk(number):
    """Returns one of the chunks of large outputs, 2 to 8 MiB, exactly as a cutter would find it."""
    bits = mixed(number)
    # The length leaves room to hash a whole token. One chunk in 16 has no token, and has the greatest length.
    ends_in_token = number % 16 != 0
    length = CUT_LEAST + TOKEN + bits % (CUT_MOST - CUT_LEAST - TOKEN) if ends_in_token else CUT_MOST
    for salt in itertools.count():
        start = mixed(bits + salt) % (len(POOL) - BLOCK)
        block = struct.pack('>QQ', number, salt) + POOL[start:start + BLOCK - 16]
        if not _has_early_cut(block, length, ends_in_token):
            break
    body = length - TOKEN if ends_in_token else length
    content = (block * (body // BLOCK + 1))[:body]
    return content + TOKEN_BYTES if ends_in_token else content


def chunks_of_group(group):
    """Returns the numbers of the chunks with which the outputs of a group begin."""
    return [(group * GROUP + place * (1 + group * GROUP // CHUNKS)) % CHUNKS for place in range(GROUP)]


def chunk_count(large):
    """Returns the number of chunks before the tail of a large output.

    Any ten outputs in a row have about the mean."""
    return large % GROUP * 7 % GROUP + 1


def tree(number):
    """Returns a module, its files as (path, content) ordered by path, its manifest and its h1."""
    module = f'example.com/scale/m{number:05d}@v1.{number % 7}.0'
    path = module.split('@')[0]
    files = [('LICENSE', POOL[:1400]), ('go.mod', f'module {path}\n'.encode())]
    for file in range(TREE_FILES - 2):
        bits = mixed(number << 16 | file)
        start = bits % (len(POOL) - 9000)
        content = f'package p{file % 5} // {number} {file}\n'.encode() + POOL[start:start + 500 + (bits >> 32) % 8000]
        files.append((f'p{file % 5}/f{file:02d}.go', content))
    files.sort(key=lambda file: file[0].encode())
    lines = ''.join(f'{hashlib.sha256(content).hexdigest()}  {module}/{name}\n'
                    for name, content in sorted(files, key=lambda file: f'{module}/{file[0]}'.encode()))
    manifest = ''.join(f'f {len(content)} {name}\n' for name, content in files).encode()
    return module, files, manifest, hashlib.sha256(lines.encode()).digest()


def downloads(module, h1):
    """Returns the rows of a module's downloads, ordered by kind: (kind, bytes).

    The bytes are None for a zip that the tree makes."""
    path, version = module.split('@')
    return [('info', f'{{"Version":"{version}","Time":"2020-01-01T00:00:00Z"}}'.encode()),
            ('mod', f'module {path}\n'.encode()),
            ('zip', None),
            ('ziphash', b'h1:' + base64.b64encode(h1))]


def checksum_file(module, h1):
    """Returns the checksum-database file of a module: (path, bytes)."""
    path, version = module.split('@')
    return f'sum.golang.org/lookup/{module}', f'1\n{path} {version} h1:{base64.b64encode(h1).decode()}\n'.encode()
