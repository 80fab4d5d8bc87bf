import SystemPackage

/// A file on disk in the place of a remote one.
struct DiskFile: RemoteFile {
    private let file: SharedFile
    let byteCount: Int
    var name: String { file.file.path.string }

    /// Opens a file once more.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    init(_ file: borrowing File) throws(CacheStoreError) {
        byteCount = try file.status().size
        self.file = try SharedFile(file)
    }

    func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws {
        let bytes = try file.file.bytes(at: range.lowerBound, count: range.count)
        guard bytes.count == range.count else { throw CacheStoreError.changed(file.file.path) }
        try receive(bytes.span)
    }
}
