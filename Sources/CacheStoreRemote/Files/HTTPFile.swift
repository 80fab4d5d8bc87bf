public import CacheStore
import NIOHTTP1

/// A file on a web server, which is read in ranges: for example on nginx, in S3 by a signed address, or in a
/// release on GitHub.
///
/// Every answer is checked: it has exactly the bytes that were asked for, of a file with the same length and
/// the same entity tag. A server that does otherwise causes an error, never wrong bytes.
public struct HTTPFile: RemoteFile {
    private let file: RangedFile

    /// The address without its query.
    public var name: String { file.name }

    /// The length of the file, in bytes.
    public var byteCount: Int { file.identity.byteCount }

    /// Asks the server for the first byte of the file, and so for the length and the identity of the file.
    ///
    /// - Parameters:
    ///   - address: The address. Redirects are followed.
    ///   - client: The client to use.
    ///   - allowsWholeOnly: Whether a server will do that ignores ranges. Then only the whole file can be
    ///     read.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/network``,
    ///   ``CacheStoreError/Code/accessDenied``, ``CacheStoreError/Code/notFound`` or
    ///   ``CacheStoreError/Code/badArgument``; or `CancellationError`.
    public init(
        _ address: WebAddress,
        client: RemoteClient,
        allowsWholeOnly: Bool = false
    ) async throws {
        let name = address.description
        file = try await client.retrying("read `\(name)`", at: name) {
            var request = WebRequest(address: address)
            request.headers = RangedFile.headers(0..<1)
            return try await client.send(request) { response in
                RangedFile(
                    client,
                    address,
                    name: name,
                    authorizer: nil,
                    access: .signAgain,
                    identity: FileIdentity(
                        byteCount: try await Self.byteCount(response, name, allowsWholeOnly),
                        of: response
                    ),
                    place: response.address
                )
            }
        }
    }

    /// Reads a range of the file and hands it over in order, piece by piece.
    ///
    /// - Parameters:
    ///   - range: The range, within the file.
    ///   - receive: Called with each piece, on any thread, one call after the other.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/network``,
    ///   ``CacheStoreError/Code/accessDenied``, ``CacheStoreError/Code/notFound``, or
    ///   ``CacheStoreError/Code/io`` if the file has changed; `CancellationError`; or the error of `receive`.
    /// - Complexity: O(*n*) in the range; memory for a few pieces.
    public func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws {
        try await file.read(range, receive)
    }

    /// Returns the length of the file that an answer states.
    private static func byteCount(
        _ response: WebResponse,
        _ name: String,
        _ allowsWholeOnly: Bool
    ) async throws -> Int {
        let stated = ContentRange(response.header("content-range"))
        func unstated() -> CacheStoreError {
            CacheStoreError(
                .network,
                "cannot read `\(name)`: the server does not state the length of the file",
                remedy: .downloadFirst
            )
        }
        switch response.status {
        case 206:
            try RangedFile.checkEncoding(response, name)
            guard let total = stated?.total, stated?.range == 0..<1 else { throw unstated() }
            await response.finish()
            return total
        case 416 where stated?.total == 0: return 0
        case 200:
            try RangedFile.checkEncoding(response, name)
            let length = response.header("content-length").flatMap { ContentRange.number($0) }
            if length == 0 { return 0 }
            guard allowsWholeOnly else { throw RangedFile.ignoresRanges(name) }
            guard let length else { throw unstated() }
            return length
        default: throw await response.failure("read `\(name)`", access: .signAgain)
        }
    }
}
