/// The chunks of a stream, found by reading the stream once.
///
/// To be compressed, the content is read once more, chunk by chunk. Each chunk's checksum then shows whether
/// the chunk is unchanged. Therefore the longest chunk bounds the memory, and chunks that exist already cost
/// nothing more.
struct StreamSurvey: Sendable {
    /// The chunks in order.
    var chunks: [StreamCutter.Chunk]

    /// The length in bytes.
    var size: Int

    /// The length of the pieces in which files are read, in bytes.
    private static let pieceSize = 1 << 20

    /// Surveys a file.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - cutter: The cutter, which is reset first.
    /// - Returns: The survey, and the SHA-256 of the whole content.
    /// - Throws: ``CacheStoreError`` as the system says.
    static func file(
        _ file: borrowing File,
        _ cutter: inout StreamCutter
    ) throws(CacheStoreError) -> (StreamSurvey, ObjectID) {
        cutter.reset()
        let id = try append(file, to: &cutter).id
        let (chunks, size) = cutter.finish()
        return (StreamSurvey(chunks: chunks, size: size), id)
    }

    /// Appends the whole content of a file to a stream.
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
