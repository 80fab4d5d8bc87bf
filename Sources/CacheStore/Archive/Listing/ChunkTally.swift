/// Counts the stored bytes of members, each chunk once: for the first member that uses it.
struct ChunkTally {
    private let chunks: [ChunkRecord]
    private var isCounted: [Bool]

    /// Begins with no chunk counted.
    ///
    /// - Parameters:
    ///   - set: The members.
    ///   - other: A set whose chunks count as counted already.
    init(of set: MemberSet, without other: MemberSet? = nil) {
        chunks = set.chunks
        let known = Set(other?.chunks.map(\.id) ?? [])
        isCounted = chunks.map { known.contains($0.id) }
    }

    /// Returns the length of the frames that only this member needs so far, in bytes; for a member without chunks,
    /// the length of its value in the index.
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
