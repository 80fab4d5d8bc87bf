public import CacheStore
public import SystemPackage

/// A file of this machine that is sent to a registry.
public final class LocalBlob: RemoteFile {
    private let descriptor: FileDescriptor

    /// The path, for messages.
    public let name: String

    /// The length that the file had when it was opened, in bytes.
    public let byteCount: Int

    /// Opens a file.
    ///
    /// - Parameter path: The file.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound`` or
    ///   ``CacheStoreError/Code/io``.
    public init(_ path: FilePath) throws(CacheStoreError) {
        name = path.string
        do {
            let descriptor = try FileDescriptor.open(path, .readOnly)
            self.descriptor = descriptor
            do {
                byteCount = Int(try descriptor.seek(offset: 0, from: .end))
            } catch {
                try? descriptor.close()
                throw error
            }
        } catch {
            let code: CacheStoreError.Code = (error as? Errno) == .noSuchFileOrDirectory ? .notFound : .io
            throw CacheStoreError(code, "cannot open", path: path, cause: error)
        }
    }

    deinit { try? descriptor.close() }

    /// Reads a range of the file; see ``RemoteFile/read(_:_:)``.
    public func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let wanted = min(1 << 20, range.upperBound - offset)
            var failure: (any Error)?
            let piece = unsafe [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
                do {
                    count = unsafe try descriptor.read(
                        fromAbsoluteOffset: Int64(offset),
                        into: UnsafeMutableRawBufferPointer(buffer)
                    )
                } catch { failure = error }
            }
            if let failure {
                throw CacheStoreError(.io, "cannot read", path: FilePath(name), cause: failure)
            }
            guard !piece.isEmpty else {
                throw CacheStoreError(
                    .io,
                    "the file changed while it was read",
                    path: FilePath(name),
                    remedy: .runAgain
                )
            }
            try receive(piece.span)
            offset += piece.count
        }
    }
}

/// Bytes in memory that are sent to a registry as a blob.
struct MemoryBlob: RemoteFile {
    let name: String
    let bytes: [UInt8]

    var byteCount: Int { bytes.count }

    func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws {
        try receive(bytes.span.extracting(range))
    }
}

extension RemoteFile {
    /// Returns the SHA-256 of the whole file, the name that a blob has in a registry.
    ///
    /// - Parameter progress: Called with the number of bytes that were read since the last call.
    /// - Returns: The SHA-256.
    /// - Throws: The error of ``read(_:_:)``.
    /// - Complexity: O(*n*) in the length of the file.
    public func digest(_ progress: @Sendable (Int) -> Void = { _ in }) async throws -> ObjectID {
        let hasher = SharedHasher()
        // No file has to hand over more than this at once.
        for start in stride(from: 0, to: byteCount, by: 1 << 20) {
            let range = start..<min(start + (1 << 20), byteCount)
            try await read(range) { hasher.update($0) }
            progress(range.count)
        }
        return hasher.finish()
    }
}
