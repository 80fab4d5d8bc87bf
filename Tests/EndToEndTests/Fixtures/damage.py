"""damage.py ARCHIVE COPY QUERY: copies an archive, and flips a bit in each frame whose chunk's number QUERY gives."""
import sqlite3, sys

with open(sys.argv[1], "rb") as file: data = bytearray(file.read())
index = sqlite3.connect(":memory:")
index.deserialize(bytes(data[int.from_bytes(data[-8:], "big"):-25]))
frames = index.execute(f"SELECT offset, stored FROM chunk WHERE id IN ({sys.argv[3]})").fetchall()
for offset, stored in frames: data[offset + stored // 2] ^= 1
with open(sys.argv[2], "wb") as file: file.write(data)
print(len(frames))
