import CacheStore

extension RemoteFile {
    /// Returns the SHA-256 of the whole file, the name that a blob has in a registry.
    ///
    /// - Returns: The SHA-256.
    /// - Throws: The error of ``read(_:_:)``.
    /// - Complexity: O(*n*) in the length of the file.
    func digest() async throws -> ObjectID {
        let hasher = SharedHasher()
        // No file has to hand over more than this at once.
        for start in stride(from: 0, to: byteCount, by: 1 << 20) {
            let range = start..<min(start + (1 << 20), byteCount)
            try await read(range) { hasher.update($0) }
        }
        return hasher.finish()
    }
}
