/// A file that lies elsewhere and is read in ranges, for example an archive on a server.
///
/// A file keeps its length and its bytes as long as it is read. A reader that notices a change throws an
/// error.
public protocol RemoteFile: Sendable {
    /// The address of the file for messages; it holds no secret.
    var name: String { get }

    /// The length of the file, in bytes.
    var byteCount: Int { get }

    /// Reads a range of the file, and returns after the last byte of the range.
    ///
    /// Several ranges may be read at once. A reader repeats what fails for a while, so that an error is
    /// final.
    ///
    /// - Parameters:
    ///   - range: The range, in bytes; it lies within the file.
    ///   - receive: Called with the bytes of the range in order, piece by piece.
    /// - Throws: The error of `receive`, `CancellationError` if the task was cancelled, or an error that
    ///   tells why the range can't be read.
    func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws
}
