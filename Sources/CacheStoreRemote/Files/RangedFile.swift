import CacheStore
import NIOHTTP1
import Synchronization

/// A file on a web server or in a registry's storage, read in ranges that are checked.
final class RangedFile: Sendable {
    let client: RemoteClient

    /// The address for messages.
    let name: String

    /// The address that is known to users; it may redirect.
    let address: WebAddress

    /// The credentials for ``address``, if the server asks for some.
    let authorizer: (any Authorizer)?

    /// The advice if the server refuses access.
    let access: Remedy

    let identity: FileIdentity

    /// The place to which ``address`` has redirected last: a storage service, most often by a signed address.
    private let place: Mutex<WebAddress?>

    init(
        _ client: RemoteClient,
        _ address: WebAddress,
        name: String,
        authorizer: (any Authorizer)?,
        access: Remedy,
        identity: FileIdentity,
        place: WebAddress? = nil
    ) {
        (self.client, self.address, self.name) = (client, address, name)
        (self.authorizer, self.access, self.identity) = (authorizer, access, identity)
        self.place = Mutex(place == address ? nil : place)
    }

    /// The state of one read, which goes on where a connection broke.
    private final class Transfer: Sendable {
        let range: Range<Int>
        let receive: @Sendable (Span<UInt8>) throws -> Void
        private let position: Mutex<Int>

        init(_ range: Range<Int>, _ receive: @escaping @Sendable (Span<UInt8>) throws -> Void) {
            (self.range, self.receive) = (range, receive)
            position = Mutex(range.lowerBound)
        }

        /// The offset of the next byte to hand over.
        var offset: Int { position.withLock { $0 } }

        /// Hands over bytes that come next.
        func take(_ bytes: Span<UInt8>) throws {
            try receive(bytes)
            position.withLock { $0 += bytes.count }
        }
    }

    /// Reads a range; see ``RemoteFile/read(_:_:)``.
    func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws {
        guard range.lowerBound >= 0, range.upperBound <= identity.byteCount else {
            throw CacheStoreError(
                .badArgument,
                "cannot read `\(name)`: the range \(range) is not within its \(identity.byteCount) bytes"
            )
        }
        guard !range.isEmpty else { return try Task.checkCancellation() }
        try await withoutActuallyEscaping(receive) { receive in
            let transfer = Transfer(range, receive)
            try await client.retrying("read `\(name)`", at: name) {
                let start = transfer.offset
                do {
                    try await attempt(transfer)
                } catch var failure as WebFailure {
                    failure.byteCount = transfer.offset - start
                    throw failure
                }
            }
        }
    }

    /// Reads what is left of a range, in one request, or in two if the place of the last redirect is no more.
    private func attempt(_ transfer: Transfer) async throws {
        if let cached = place.withLock({ $0 }) {
            if try await request(transfer, at: cached) { return }
            place.withLock { if $0 == cached { $0 = nil } }
        }
        guard try await request(transfer, at: nil) else { throw WebFailure.broken }
    }

    /// Reads what is left of a range.
    ///
    /// - Parameters:
    ///   - transfer: The range, and the bytes that were handed over already.
    ///   - cached: The place of an earlier redirect; `nil` for ``address``.
    /// - Returns: `false` if the server at `cached` refuses, so that ``address`` must be asked again.
    /// - Throws: As ``RemoteClient/send(_:as:_:)`` does, or the error for an answer that is not what was
    ///   asked.
    private func request(_ transfer: Transfer, at cached: WebAddress?) async throws -> Bool {
        let rest = transfer.offset..<transfer.range.upperBound
        if rest.isEmpty { return true }
        let conditions = identity.strongTag.map { [(name: "If-Range", value: $0)] } ?? []
        let request = WebRequest(address: cached ?? address, headers: Self.headers(rest) + conditions)
        let authorizer = cached == nil || cached?.origin == address.origin ? authorizer : nil
        return try await client.send(request, as: authorizer) { [self] response in
            if cached != nil, [400, 401, 403, 404, 410].contains(response.status) { return false }
            var skipped = try await self.skippedBytes(of: response, rest, of: transfer.range)
            if response.address != request.address {
                place.withLock { $0 = response.address }
            }
            try await response.forEachPiece { bytes in
                let drop = min(skipped, bytes.count)
                skipped -= drop
                guard bytes.count - drop <= transfer.range.upperBound - transfer.offset else {
                    throw self.broken("the server sends more bytes than it was asked for")
                }
                if drop < bytes.count { try transfer.take(bytes.extracting(drop..<bytes.count)) }
            }
            guard transfer.offset == transfer.range.upperBound else { throw WebFailure.broken }
            return true
        }
    }

    /// The headers of a request for a range.
    static func headers(_ range: Range<Int>) -> [(name: String, value: String)] {
        [("Range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)"), ("Accept-Encoding", "identity")]
    }

    /// Checks that an answer has the bytes that were asked for.
    ///
    /// - Parameters:
    ///   - response: The answer.
    ///   - rest: The range of the request.
    ///   - range: The range of the whole read.
    /// - Returns: The bytes of the answer that come before those that are wanted: none, unless the server
    ///   sends the whole file again where the whole file is read.
    /// - Throws: ``CacheStoreError`` for another answer, or ``WebFailure`` for one that may pass.
    private func skippedBytes(
        of response: WebResponse,
        _ rest: Range<Int>,
        of range: Range<Int>
    ) async throws -> Int {
        let stated = ContentRange(response.header("content-range"))
        switch response.status {
        case 206:
            try Self.checkEncoding(response, name)
            guard let stated, let total = stated.total, let sent = stated.range else {
                throw broken("the server does not state which range it sends")
            }
            if identity.differs(from: response) || total != identity.byteCount { throw changed }
            guard sent == rest else { throw broken("the server sends another range than it was asked for") }
            return 0
        case 200:
            try Self.checkEncoding(response, name)
            let length = response.header("content-length").flatMap { ContentRange.number($0) }
            if identity.differs(from: response) || length != nil && length != identity.byteCount {
                throw changed
            }
            guard range == 0..<identity.byteCount else { throw Self.ignoresRanges(name) }
            return rest.lowerBound
        case 412: throw changed
        case 416:
            if identity.differs(from: response) || stated?.total.map({ $0 != identity.byteCount }) ?? false {
                throw changed
            }
            throw broken("the server does not send the range \(rest)")
        default: throw await response.failure("read `\(name)`", access: access)
        }
    }

    /// Checks that an answer is not compressed.
    static func checkEncoding(_ response: WebResponse, _ name: String) throws(CacheStoreError) {
        guard let encoding = response.header("content-encoding"), encoding.lowercased() != "identity" else {
            return
        }
        throw CacheStoreError(
            .network,
            "cannot read `\(name)`: the server compresses the file, although it was asked not to"
        )
    }

    /// Returns the error for a server that can't send parts of a file.
    static func ignoresRanges(_ name: String) -> CacheStoreError {
        CacheStoreError(
            .network,
            "cannot read parts of `\(name)`: the server ignores ranges, and sends whole files",
            remedy: .downloadFirst
        )
    }

    private func broken(_ reason: String) -> CacheStoreError {
        CacheStoreError(.network, "cannot read `\(name)`: \(reason)", remedy: .downloadFirst)
    }

    private var changed: CacheStoreError {
        CacheStoreError(
            .io,
            "cannot read `\(name)`: the file changed while it was read",
            remedy: .readAgain
        )
    }
}
