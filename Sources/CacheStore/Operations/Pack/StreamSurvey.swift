import SystemPackage

/// What one reading of a stream found: its chunks, and whether it is what its name says.
///
/// The content is read once more, chunk by chunk, to be compressed; each chunk's checksum shows then whether
/// it is still the same. Memory is bounded by the longest chunk so, and chunks that are there already cost
/// nothing more.
struct StreamSurvey: Sendable {
    /// The chunks in order.
    var chunks: [StreamCutter.Chunk]

    /// The length in bytes.
    var size: Int

    /// The most that is read at once, in bytes.
    private static let pieceSize = 1 << 20

    /// Surveys a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - cutter: Is reused.
    /// - Returns: The survey, and the SHA-256 of the whole content.
    /// - Throws: ``CacheStoreError`` as the system says.
    static func file(
        _ path: FilePath,
        _ cutter: inout StreamCutter
    ) throws(CacheStoreError) -> (StreamSurvey, ObjectID) {
        cutter.reset()
        let id = try append(File(reading: path, followsLinks: false), to: &cutter).id
        let (chunks, size) = cutter.finish()
        return (StreamSurvey(chunks: chunks, size: size), id)
    }

    /// Appends the whole of a file to a stream.
    static func append(
        _ file: borrowing File,
        to cutter: inout StreamCutter
    ) throws(CacheStoreError) -> (id: ObjectID, size: Int) {
        var hasher = ContentHasher()
        var offset = 0
        while true {
            let got = try cutter.append(upTo: Self.pieceSize, hashing: &hasher) {
                (room: inout OutputSpan<UInt8>) throws(CacheStoreError) in
                try file.read(into: &room, at: offset)
            }
            if got == 0 { return (hasher.finish(), offset) }
            offset += got
        }
    }
}
