/// The frame of a chunk as an archive stores it.
package struct StoredFrame: Sendable {
    /// The name that two frames share only if they are the same bytes of the same chunk.
    package struct Identity: Hashable, Sendable {
        /// The SHA-256 of the chunk.
        var chunk: ObjectID
        /// The length of the frame, in bytes.
        var byteCount: Int
        /// The XXH64 of the frame.
        var checksum: UInt64
    }

    /// The name of the frame.
    package var identity: Identity

    /// The range of the frame in the archive, in bytes.
    package var range: Range<Int>

    init(_ chunk: ChunkRecord) {
        identity = Identity(chunk: chunk.id, byteCount: chunk.storedBytes, checksum: chunk.checksum)
        range = chunk.offset..<chunk.offset + chunk.storedBytes
    }
}

extension Archive {
    /// The SHA-256 of the index as it is stored.
    package var indexDigest: ObjectID { trailer.indexID }

    /// The length of all frames, in bytes: all that comes before the trailer.
    package var frameByteCount: Int { trailer.framesSize }

    /// Reads the places of all frames, in order; the index is checked as in ``contents()``.
    ///
    /// - Returns: The frames.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or
    ///   `CancellationError`.
    /// - Complexity: O(*n*) in the number of chunks and in the length of the index.
    package func storedFrames() async throws -> [StoredFrame] {
        try await WorkerThreads.performCancellable { cancellation in
            var frames: [StoredFrame] = []
            try index().forEachChunk { chunk in
                if frames.count & 0xFFFF == 0 { try cancellation.check() }
                frames.append(StoredFrame(chunk))
            }
            return frames
        }
    }

    /// The bytes of the archive, to be sent or copied as they are.
    ///
    /// - Returns: The archive as a file, remote or not.
    /// - Throws: ``CacheStoreError`` as the system says.
    package func file() throws(CacheStoreError) -> any RemoteFile {
        if let remote = frames.file.remote { return remote.remote }
        return try DiskFile(frames.file)
    }
}
