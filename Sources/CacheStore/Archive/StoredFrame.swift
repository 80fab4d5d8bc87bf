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
    package var identity: Identity {
        Identity(chunk: chunk.id, byteCount: chunk.storedBytes, checksum: chunk.checksum)
    }

    /// The range of the frame in the archive, in bytes.
    package var range: Range<Int> { chunk.offset..<chunk.offset + chunk.storedBytes }

    fileprivate let chunk: ChunkRecord
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
                frames.append(StoredFrame(chunk: chunk))
            }
            return frames
        }
    }

    /// The bytes of the archive, to be sent as they are.
    ///
    /// An archive that lies elsewhere is read from there once, into its scratch file.
    ///
    /// - Returns: The archive as a file.
    /// - Throws: ``CacheStoreError`` as the system says.
    package func file() throws(CacheStoreError) -> any RemoteFile { try DiskFile(frames.file) }

    /// Reads the whole file and checks the stored bytes of every frame, as well as the index.
    ///
    /// - Parameter counters: The counters to add to.
    /// - Returns: The SHA-256 of the file.
    /// - Throws: ``CacheStoreError``, with code ``CacheStoreError/Code/corruptArchive`` for a damaged frame
    ///   or index; or `CancellationError`.
    /// - Complexity: O(*n*) in the length of the file.
    package func checkedDigest(_ counters: ProgressCounters) async throws -> ObjectID {
        frames.file.remote?.prepare([0..<fileBytes])
        return try await WorkerThreads.performCancellable { cancellation in
            var (hasher, bytes) = (ContentHasher(), [UInt8]())
            func add() {
                hasher.update(bytes.span)
                counters.add(bytes: bytes.count, items: 0)
            }
            // The index has been checked: the frames lie end to end.
            try index().forEachChunk { chunk in
                try cancellation.check()
                try frames.read([chunk], into: &bytes)
                add()
            }
            for start in stride(from: frameByteCount, to: fileBytes, by: 1 << 20) {
                try cancellation.check()
                let count = min(1 << 20, fileBytes - start)
                try frames.file.read(at: start, count: count, into: &bytes)
                guard bytes.count == count else { throw CacheStoreError.changed(path) }
                add()
            }
            // The frames and the index were read one after the other.
            try throwIfChanged()
            return hasher.finish()
        }
    }

    /// Reads frames and checks their stored bytes.
    ///
    /// - Parameter stored: Frames of this archive.
    /// - Returns: The SHA-256 of the frames, one after the other.
    /// - Throws: ``CacheStoreError``, with code ``CacheStoreError/Code/corruptArchive`` for a damaged frame;
    ///   or `CancellationError`.
    /// - Complexity: O(*n*) in the length of the frames.
    package func checkedDigest(of stored: [StoredFrame]) async throws -> ObjectID {
        try await WorkerThreads.performCancellable { cancellation in
            var (hasher, bytes) = (ContentHasher(), [UInt8]())
            for frame in stored {
                try cancellation.check()
                try frames.read([frame.chunk], into: &bytes)
                hasher.update(bytes.span)
            }
            return hasher.finish()
        }
    }

    /// Refuses an archive to which somebody has written since it was opened, as its length and time tell.
    ///
    /// - Throws: ``CacheStoreError``.
    package func throwIfChanged() throws(CacheStoreError) {
        guard try frames.isUnchanged else { throw CacheStoreError.changed(path) }
    }
}
