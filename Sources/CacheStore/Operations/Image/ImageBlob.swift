/// A blob of an image, in memory or in a file that has no name.
package struct ImageBlob: RemoteFile {
    /// The kinds of blobs.
    package enum Kind: Sendable {
        /// A layer that was made.
        case layer
        /// A layer of the base.
        case baseLayer
        /// The configuration.
        case configuration
        /// The manifest, which is complete when all other blobs are.
        case manifest
    }

    private enum Content: Sendable {
        case bytes([UInt8])
        case file(SharedFile)
    }

    /// The media type of a manifest.
    package static let manifestType = ImageDocuments.MediaType.manifest

    /// The kind of the blob.
    package let kind: Kind

    /// The SHA-256 of the blob.
    package let digest: ObjectID

    /// The length of the blob, in bytes.
    package let byteCount: Int

    private let content: Content

    /// Creates a blob of bytes.
    init(_ kind: Kind, _ bytes: [UInt8]) {
        (self.kind, byteCount, content) = (kind, bytes.count, .bytes(bytes))
        digest = ContentHasher.hash(bytes.span)
    }

    /// Creates a blob of a whole file, which is opened once more.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    init(_ kind: Kind, _ digest: ObjectID, _ file: borrowing File) throws(CacheStoreError) {
        (self.kind, self.digest) = (kind, digest)
        byteCount = try file.status().size
        content = .file(try SharedFile(file))
    }

    /// The name of the blob for messages.
    package var name: String {
        let noun =
            switch kind {
            case .layer: "layer"
            case .baseLayer: "layer of the base"
            case .configuration: "configuration"
            case .manifest: "manifest"
            }
        return "the \(noun) sha256:\(digest)"
    }

    /// The bytes of a blob that lies in memory; empty for others.
    package var bytes: [UInt8] {
        if case .bytes(let bytes) = content { bytes } else { [] }
    }

    /// Reads a range of the blob; see ``RemoteFile/read(_:_:)``.
    package func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws {
        switch content {
        case .bytes(let bytes): try receive(bytes.span.extracting(range))
        case .file(let shared):
            let bytes = try shared.file.bytes(at: range.lowerBound, count: range.count)
            guard bytes.count == range.count else { throw CacheStoreError.changed(shared.file.path) }
            try receive(bytes.span)
        }
    }
}
