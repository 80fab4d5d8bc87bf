/// A count of the stored bytes of members, which counts each chunk once, for the first member that uses it.
struct ChunkTally {
    private let chunks: [ChunkRecord]
    private var isCounted: BitArray

    /// Begins with no chunk counted.
    ///
    /// - Parameters:
    ///   - set: The members.
    ///   - other: A set whose chunks are treated as counted already.
    init(of set: MemberSet, without other: MemberSet? = nil) {
        chunks = set.chunks
        let known = Set(other?.chunks.map(\.id) ?? [])
        isCounted = BitArray(count: chunks.count)
        for (index, chunk) in chunks.enumerated() where known.contains(chunk.id) { isCounted[index] = true }
    }

    /// Begins with some chunks counted.
    init(_ chunks: [ChunkRecord], counted: BitArray) { (self.chunks, isCounted) = (chunks, counted) }

    /// Returns the length, in bytes, of the member's frames that were not counted before.
    ///
    /// For a member without chunks, this is the length of its value in the index.
    mutating func storedBytes(of element: MemberListing.Element) -> Int {
        guard !element.chunks.isEmpty else { return element.member.storedBytes }
        return element.chunks.reduce(0) { $0 + storedBytes(of: $1) }
    }

    /// Returns the length of a chunk's frame, in bytes; 0 if it was counted before.
    mutating func storedBytes(of number: ChunkNumber) -> Int {
        guard !isCounted[number.index] else { return 0 }
        isCounted[number.index] = true
        return chunks[number].storedBytes
    }
}
