/// A file that lies elsewhere and is read in ranges, for example an archive on a server.
public protocol RemoteFile: Sendable {
    /// The address of the file for messages; it holds no secret.
    var name: String { get }
    /// The length of the file, in bytes.
    var byteCount: Int { get }
    /// Reads a range of the file and hands it over in order, piece by piece; it returns after the last byte.
    /// Several ranges may be read at once.
    func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws
}
