import CacheStore

/// Bytes in memory that are sent to a registry as a blob.
struct MemoryBlob: RemoteFile {
    let name: String
    let bytes: [UInt8]

    var byteCount: Int { bytes.count }

    func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws {
        try receive(bytes.span.extracting(range))
    }
}
