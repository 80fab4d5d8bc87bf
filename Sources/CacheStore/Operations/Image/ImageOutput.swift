/// A place for the blobs of an image that is being made: a layout on disk, or whoever takes the blobs.
protocol ImageOutput: Sendable {
    /// Whether the image lasts on the disk, so that blobs are waited for.
    var lasts: Bool { get }

    /// Creates the file of a layer.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func creatingBlob(_ number: Int) throws(CacheStoreError) -> File

    /// Takes the file of a layer as a blob, when all of it is written.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func nameBlob(_ number: Int, _ digest: ObjectID) throws(CacheStoreError)

    /// Takes over a layer of the base.
    ///
    /// - Parameters:
    ///   - file: The blob.
    ///   - digest: The digest of the blob.
    ///   - size: The length of the blob, in bytes.
    ///   - body: Called with each piece of the blob; an error that it throws ends the work.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if the file does not
    ///   have its size and digest, or as the system says; or the error of `body`.
    func adopt(
        _ file: borrowing File,
        _ digest: ObjectID,
        size: Int,
        _ body: (Span<UInt8>) throws -> Void
    ) throws

    /// Takes the configuration.
    ///
    /// - Returns: The digest of the configuration.
    /// - Throws: ``CacheStoreError`` as the system says.
    func write(blob bytes: [UInt8]) throws(CacheStoreError) -> ObjectID

    /// Takes the manifest, after all blobs, and finishes the image.
    ///
    /// - Parameters:
    ///   - manifest: The manifest.
    ///   - index: The content of a layout's `index.json`.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/exists`` if the name of the image was
    ///   taken meanwhile, or as the system says.
    func publish(manifest: [UInt8], index: [UInt8]) throws(CacheStoreError)
}

extension ImageOutput {
    /// Reads a blob to its end, and checks it.
    ///
    /// - Throws: As ``adopt(_:_:size:_:)`` does.
    func check(
        _ file: borrowing File,
        _ digest: ObjectID,
        size: Int,
        _ body: (Span<UInt8>, _ offset: Int) throws -> Void
    ) throws {
        var hasher = ContentHasher()
        var buffer: [UInt8] = []
        var offset = 0
        while true {
            try file.read(at: offset, count: 1 << 20, into: &buffer)
            if buffer.isEmpty { break }
            try body(buffer.span, offset)
            hasher.update(buffer.span)
            offset += buffer.count
        }
        guard offset == size, hasher.finish() == digest else {
            throw CacheStoreError(
                .corruptArchive,
                "damaged image: the blob does not have its size and digest",
                path: file.path,
                remedy: .copyBaseAgain
            )
        }
    }
}
