public import CacheStore
import FoundationEssentials

/// The list of pieces that make an archive of the layers of an artifact.
///
/// The pieces are ranges of layers. One after another, they are the archive, byte for byte. So a release that
/// has most of its frames in common with the last one needs only the others as a new layer.
public struct ArtifactAssembly: Hashable, Sendable {
    /// A range of a layer.
    public struct Piece: Hashable, Sendable {
        /// The position of the layer in the artifact.
        public var layer: Int
        /// The range in the layer, in bytes.
        public var range: Range<Int>

        /// Creates a piece.
        public init(layer: Int, range: Range<Int>) { (self.layer, self.range) = (layer, range) }
    }

    /// The pieces, in order.
    public private(set) var pieces: [Piece] = []

    /// The greatest length of the list as JSON, in bytes: some 800 000 pieces.
    ///
    /// A reader needs about 30 times as much memory.
    static let longest = 16 << 20

    /// Creates an empty list.
    public init() {}

    /// Adds a piece, or makes the last one longer if the piece follows it.
    public mutating func append(_ piece: Piece) {
        guard !piece.range.isEmpty else { return }
        if let last = pieces.last, last.layer == piece.layer, last.range.upperBound == piece.range.lowerBound
        {
            pieces[pieces.count - 1].range = last.range.lowerBound..<piece.range.upperBound
        } else {
            pieces.append(piece)
        }
    }

    /// The number of bytes that come from a layer.
    func byteCount(ofLayer layer: Int) -> Int {
        pieces.reduce(0) { $0 + ($1.layer == layer ? $1.range.count : 0) }
    }

    private struct Document: Codable {
        var schema: String
        /// Layer, offset and length of each piece.
        var pieces: [[Int]]
    }

    private static let schema = "cachestore.assembly/1"

    /// The list as JSON: the same bytes for the same pieces.
    public var bytes: [UInt8] {
        let pieces = pieces.map { [$0.layer, $0.range.lowerBound, $0.range.count] }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A document of texts and integers always has a form in JSON.
        return (try? encoder.encode(Document(schema: Self.schema, pieces: pieces))).map { Array($0) } ?? []
    }

    /// Reads a list.
    ///
    /// Whether the layers have the pieces is for ``PieceFile`` to check.
    ///
    /// - Parameters:
    ///   - bytes: The JSON.
    ///   - name: The address of the artifact, for messages.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    public init(_ bytes: [UInt8], name: String) throws(CacheStoreError) {
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(bytes)),
            document.schema == Self.schema
        else {
            throw CacheStoreError(
                .corruptArchive,
                "`\(name)` has a list of pieces that this program can't read",
                remedy: .upgrade
            )
        }
        for piece in document.pieces {
            guard piece.count == 3, piece.allSatisfy({ (0...(1 << 44)).contains($0) }) else {
                throw CacheStoreError(.corruptArchive, "`\(name)` has a piece that is no range of a layer")
            }
            append(Piece(layer: piece[0], range: piece[1]..<piece[1] + piece[2]))
        }
    }
}
