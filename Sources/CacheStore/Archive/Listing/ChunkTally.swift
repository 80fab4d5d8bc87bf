/// A count of the stored bytes of members, which counts each chunk once, for the first member that uses it.
struct ChunkTally {
    private let chunks: [ChunkRecord]
    private var isCounted: [Bool]

    /// Begins with no chunk counted.
    ///
    /// - Parameters:
    ///   - set: The members.
    ///   - other: A set whose chunks are treated as counted already.
    init(of set: MemberSet, without other: MemberSet? = nil) {
        chunks = set.chunks
        let known = Set(other?.chunks.map(\.id) ?? [])
        isCounted = chunks.map { known.contains($0.id) }
    }

    /// Returns the length, in bytes, of the member's frames that were not counted before.
    ///
    /// For a member without chunks, this is the length of its value in the index.
    mutating func storedBytes(of element: MemberListing.Element) -> Int {
        guard !element.chunks.isEmpty else { return element.member.storedBytes }
        var bytes = 0
        for number in element.chunks where !isCounted[number] {
            isCounted[number] = true
            bytes += chunks[number].storedBytes
        }
        return bytes
    }
}
