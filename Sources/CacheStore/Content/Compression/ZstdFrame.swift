/// The lengths of a zstd frame and of its content, as the frame itself states them.
struct ZstdFrame: Hashable, Sendable {
    /// The first four bytes of every frame.
    static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

    /// The length of the checksum at a frame's end, in bytes.
    private static let checksumSize = 4

    /// The length of the frame, in bytes.
    let storedBytes: Int

    /// The length of the content, in bytes.
    let contentBytes: Int

    /// The length of a frame's header and of the content, for a frame that the format allows.
    ///
    /// - Parameters:
    ///   - bytes: The bytes in which the frame begins.
    ///   - offset: The offset of the frame in `bytes`.
    /// - Returns: The lengths in bytes, or `nil` for another frame or none.
    fileprivate static func header(_ bytes: Span<UInt8>, at offset: Int) -> (count: Int, contentBytes: Int)? {
        let rest = bytes.extracting(offset..<bytes.count)
        guard ZstdDecompressor.isAllowed(rest) else { return nil }
        let descriptor = rest[magic.count]
        guard descriptor & 0b1000 == 0 else { return nil }
        let start = magic.count + (descriptor & 0b10_0000 == 0 ? 2 : 1)
        let length = 1 << Int(descriptor >> 6)
        guard rest.count >= start + length else { return nil }
        var stated: UInt64 = length == 2 ? 256 : 0
        for index in 0..<length { stated &+= UInt64(rest[start + index]) << UInt64(8 * index) }
        guard let contentBytes = Int(exactly: stated), (1...FormatLimits.chunkSize).contains(contentBytes)
        else { return nil }
        return (start + length, contentBytes)
    }

    /// A finder of frames at any offsets of one piece of bytes.
    ///
    /// A frame is a chain of blocks, each of which states its own length (RFC 8878, 3.1.1.2). Chains that
    /// begin at different offsets meet in hostile bytes, and then end together. The finder remembers where
    /// long chains end, so the time for all offsets together is linear in the length of the piece.
    struct Finder {
        /// The number of blocks from one remembered block of a chain to the next.
        private static let stride = 64

        /// The greatest length that a block may state, in bytes.
        private static let blockSize = 128 << 10

        /// The ends of chains by the offsets of some of their blocks; `nil` for a chain without an end.
        private var ends: [Int: Int?] = [:]

        /// Forgets the piece, because the next one has other bytes.
        mutating func reset() { ends.removeAll(keepingCapacity: true) }

        /// Finds the frame that begins at an offset.
        ///
        /// Nothing is decoded, so the frame may still be damaged.
        ///
        /// - Parameters:
        ///   - offset: The offset in `bytes`.
        ///   - bytes: The piece; the same in each call after ``reset()``.
        /// - Returns: The frame, or `nil` if no whole frame begins there that the format allows.
        mutating func frame(at offset: Int, in bytes: Span<UInt8>) -> ZstdFrame? {
            guard let header = ZstdFrame.header(bytes, at: offset),
                let end = end(ofBlocksAt: offset + header.count, in: bytes),
                end + checksumSize <= bytes.count
            else { return nil }
            return ZstdFrame(storedBytes: end + checksumSize - offset, contentBytes: header.contentBytes)
        }

        /// Returns the offset behind the last block of a chain, or `nil` if the chain has no last block.
        private mutating func end(ofBlocksAt first: Int, in bytes: Span<UInt8>) -> Int? {
            var offset = first
            var passed: [Int] = []
            var end: Int?
            for count in 1... {
                if count > Self.stride, let known = ends[offset] {
                    end = known
                    break
                }
                if count.isMultiple(of: Self.stride) { passed.append(offset) }
                guard offset + 3 <= bytes.count else { break }
                let header =
                    Int(bytes[offset]) | Int(bytes[offset + 1]) << 8 | Int(bytes[offset + 2]) << 16
                let (isLast, kind, size) = (header & 1 == 1, header >> 1 & 3, header >> 3)
                // A block of the second kind is one byte that is repeated, and the fourth kind is none.
                guard kind != 3, size <= Self.blockSize else { break }
                offset += 3 + (kind == 1 ? 1 : size)
                if isLast {
                    end = offset <= bytes.count ? offset : nil
                    break
                }
            }
            for offset in passed { ends[offset] = .some(end) }
            return end
        }
    }
}
