/// A file that consists of pieces of other files, which stay where they are.
///
/// A range is read with few requests to each of the other files, near pieces in one. The bytes
/// of a range are in memory until all of them are there.
public struct PieceFile: RemoteFile {
    /// A piece of another file.
    public struct Piece: Sendable {
        /// The number of the other file.
        public var file: Int

        /// The range in the other file, in bytes.
        public var range: Range<Int>

        /// Creates a piece.
        public init(file: Int, range: Range<Int>) { (self.file, self.range) = (file, range) }
    }

    /// The name for messages.
    public let name: String

    /// The sum of the lengths of the pieces, in bytes.
    public let byteCount: Int

    private let files: [any RemoteFile]
    private let pieces: [Piece]

    /// The offsets at which the pieces begin, in bytes.
    private let offsets: [Int]

    /// Creates a file.
    ///
    /// - Parameters:
    ///   - name: The name for messages.
    ///   - files: The other files.
    ///   - pieces: The pieces, in order.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` for a piece that lies
    ///   in no file, or pieces that are longer than any file.
    public init(named name: String, of files: [any RemoteFile], _ pieces: [Piece]) throws(CacheStoreError) {
        var (offsets, end) = ([Int](), 0)
        for piece in pieces {
            offsets.append(end)
            let (sum, overflow) = end.addingReportingOverflow(piece.range.count)
            guard files.indices.contains(piece.file), !overflow, piece.range.lowerBound >= 0,
                piece.range.upperBound <= files[piece.file].byteCount
            else {
                throw CacheStoreError(
                    .corruptArchive,
                    "`\(name)` is to hold bytes that none of its parts has"
                )
            }
            end = sum
        }
        (self.name, self.files, self.pieces, self.offsets, byteCount) = (name, files, pieces, offsets, end)
    }

    /// Reads a range of the file: see ``RemoteFile/read(_:_:)``.
    public func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws {
        let found = pieces(of: range)
        var buffer = [UInt8](repeating: 0, count: range.count)
        for file in Set(found.map(\.file)).sorted() {
            let parts = found.filter { $0.file == file }
            for request in RangePlan(parts.map(\.source)).requests(without: RangeSet()) {
                let bytes = try await files[file].bytes(request)
                for part in parts where request.overlaps(part.source) {
                    // A request may hold a part of a piece, where the piece is long.
                    let common = part.source.clamped(to: request)
                    let start = part.target + common.lowerBound - part.source.lowerBound
                    let from = common.lowerBound - request.lowerBound
                    buffer.replaceSubrange(
                        start..<start + common.count,
                        with: bytes[from..<from + common.count]
                    )
                }
            }
        }
        try receive(buffer.span)
    }

    /// Returns the parts of other files that make a range, each with its place in the range.
    private func pieces(of range: Range<Int>) -> [(file: Int, source: Range<Int>, target: Int)] {
        // The last piece that begins at or before the range.
        var (low, high) = (0, offsets.count)
        while low < high {
            let middle = (low + high) / 2
            if offsets[middle] <= range.lowerBound { low = middle + 1 } else { high = middle }
        }
        var result: [(file: Int, source: Range<Int>, target: Int)] = []
        var index = max(0, low - 1)
        while index < pieces.count, offsets[index] < range.upperBound {
            let piece = pieces[index]
            let place = (offsets[index]..<offsets[index] + piece.range.count).clamped(to: range)
            if !place.isEmpty {
                let start = piece.range.lowerBound + place.lowerBound - offsets[index]
                result.append((piece.file, start..<start + place.count, place.lowerBound - range.lowerBound))
            }
            index += 1
        }
        return result
    }
}
