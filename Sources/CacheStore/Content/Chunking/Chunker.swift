/// The rule that cuts a stream into chunks by its content (FastCDC, normalised).
///
/// Equal runs of bytes give equal chunks wherever they stand in a stream. The parameters belong to the format
/// (see <doc:Format>): with other parameters, archives would no longer share chunks. Source: Xia et al.,
/// "FastCDC: a Fast and Efficient Content-Defined Chunking Approach for Data Deduplication", USENIX ATC 2016.
package enum Chunker {
    /// The least length of a chunk, in bytes; only the last chunk of a stream may be shorter.
    static let minimumSize = 2 << 20

    /// The length of a chunk from which the cut condition is eased, in bytes.
    static let averageSize = 4 << 20

    /// The greatest length of a chunk, in bytes.
    package static let maximumSize = FormatLimits.chunkSize

    /// The bits of the hash that must be zero before ``averageSize``: the top 24.
    private static let hardMask: UInt64 = ~0 << 40

    /// The bits of the hash that must be zero after ``averageSize``: the top 20.
    private static let easyMask: UInt64 = ~0 << 44

    /// A table of 256 values made from SHA-256, so that the values need not be listed: see <doc:Format>.
    static let gear: [UInt64] = (0..<256).map { index in
        let digest = ContentHasher.hash(Array("castore gear \(index)".utf8).span).bytes
        return (0..<8).reduce(0) { $0 | UInt64(digest[$1]) << UInt64(8 * $1) }
    }

    /// Returns the length of the first chunk of `bytes`.
    ///
    /// - Parameter bytes: The rest of the stream, or at least its next ``maximumSize`` bytes.
    /// - Returns: A length from 1 to ``maximumSize``, or 0 where nothing is left.
    /// - Complexity: O(*n*) in the length returned beyond ``minimumSize``; `Benchmarks/micro.sh` has the
    ///   figures.
    package static func firstCut(of bytes: Span<UInt8>) -> Int {
        let end = min(bytes.count, maximumSize)
        guard end > minimumSize else { return end }
        var hash: UInt64 = 0
        let middle = min(end, averageSize)
        return cut(bytes, minimumSize..<middle, mask: hardMask, &hash)
            ?? cut(bytes, middle..<end, mask: easyMask, &hash) ?? end
    }

    /// Returns whether the rule of the format cuts some bytes out of a stream as one chunk.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - isLast: Whether the stream ends after them.
    /// - Returns: Whether the first cut of a stream that begins with them, and goes on unless `isLast` is
    /// true,   is at their end.
    /// - Complexity: O(*n*).
    static func isChunk(_ bytes: Span<UInt8>, isLast: Bool) -> Bool {
        guard firstCut(of: bytes) == bytes.count else { return false }
        if isLast || bytes.count == maximumSize { return true }
        guard bytes.count > minimumSize else { return false }
        // The hash forgets a byte after 64 more.
        var hash: UInt64 = 0
        for position in max(minimumSize, bytes.count - 64)..<bytes.count {
            hash = hash << 1 &+ gear[Int(bytes[position])]
        }
        return hash & (bytes.count > averageSize ? easyMask : hardMask) == 0
    }

    /// Returns the position after the first byte in a range at which the bits of `mask` are zero, or `nil`.
    ///
    /// Each step takes four bytes, and waits only twice, not four times, for the hash of the step before.
    private static func cut(
        _ bytes: Span<UInt8>,
        _ range: Range<Int>,
        mask: UInt64,
        _ hash: inout UInt64
    ) -> Int? {
        // A position never reaches the end of the range, and the caller's ranges end within `bytes`. A table of
        // 256 values has one for each byte.
        precondition(range.lowerBound >= 0 && range.upperBound <= bytes.count && gear.count == 256)
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe gear.withUnsafeBufferPointer { table in
                unsafe cut(bytes, range, table, mask: mask, &hash)
            }
        }
    }

    private static func cut(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ range: Range<Int>,
        _ table: UnsafeBufferPointer<UInt64>,
        mask: UInt64,
        _ hash: inout UInt64
    ) -> Int? {
        var position = range.lowerBound
        var last = hash
        defer { hash = last }
        let end = range.upperBound
        while end &- position >= 4 {
            let first = unsafe table[Int(bytes[position])]
            let second = unsafe first << 1 &+ table[Int(bytes[position &+ 1])]
            let third = unsafe table[Int(bytes[position &+ 2])]
            let fourth = unsafe third << 1 &+ table[Int(bytes[position &+ 3])]
            let middle = last << 2 &+ second
            if (last << 1 &+ first) & mask == 0 { return position &+ 1 }
            if middle & mask == 0 { return position &+ 2 }
            if (middle << 1 &+ third) & mask == 0 { return position &+ 3 }
            last = middle << 2 &+ fourth
            position &+= 4
            if last & mask == 0 { return position }
        }
        while position < end {
            last = unsafe last << 1 &+ table[Int(bytes[position])]
            position &+= 1
            if last & mask == 0 { return position }
        }
        return nil
    }
}
