import SystemPackage

extension Trailer {
    /// Writes an index and the bytes around it.
    ///
    /// - Parameters:
    ///   - index: The index.
    ///   - path: The archive, for messages.
    ///   - write: Called with all bytes from the end of the frames to the end of the archive, piece by piece
    ///     and each with its offset in the archive.
    /// - Throws: The error of `write`, or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/badArgument`` for an index that is too long.
    init(
        writing index: IndexFile,
        beside path: FilePath,
        _ write: (_ offset: Int, Span<UInt8>) throws(CacheStoreError) -> Void
    ) throws(CacheStoreError) {
        let offset = Self.indexOffset(after: index.framesSize)
        var hasher = ContentHasher()
        try index.forEachPiece { (position, piece) throws(CacheStoreError) in
            hasher.update(piece)
            try write(offset + position, piece)
        }
        self.init(
            version: index.version,
            framesSize: index.framesSize,
            indexSize: index.size,
            indexID: hasher.finish()
        )
        guard let head else {
            throw CacheStoreError(.badArgument, "the index would be longer than 4 GiB", path: path)
        }
        try write(framesSize, head.span)
        try write(indexOffset + indexSize, tail.span)
    }
}
