import CacheStore
import NIOHTTP1
import Synchronization

/// One upload of a blob, which goes on where a connection broke.
///
/// Source: OCI distribution specification 1.1, *Pushing a blob in chunks*.
final class BlobUpload: Sendable {
    private let registry: Registry
    private let file: any RemoteFile
    private let digest: ObjectID

    /// Another repository of the registry, which may have the blob.
    private let origin: String?

    /// Called with the number of further bytes that the registry has.
    private let sent: @Sendable (Int) -> Void

    private struct State {
        /// The place of the upload, which every answer may change; `nil` if there is none.
        var place: WebAddress?
        /// The bytes that the registry has.
        var offset = 0
        /// The most bytes that the registry has had.
        var farthest = 0
        /// The part of ``farthest`` that has counted as progress.
        var counted = 0
        /// The bytes of one request.
        var pieceByteCount: Int
        /// Whether the registry does not take pieces, so that one request has the whole blob.
        var isWhole = false
        /// Whether the last try failed, so that the registry must be asked for what it has.
        var isBroken = false
    }

    private let state: Mutex<State>

    /// The least length of a piece, in bytes, after a server has refused longer ones.
    private static let leastByteCount = 1 << 20

    /// The statuses of registries that take a blob only as a whole.
    private static let refusals: Set = [400, 405, 411, 413, 415, 501]

    init(
        _ registry: Registry,
        _ file: any RemoteFile,
        _ digest: ObjectID,
        mountingFrom origin: String?,
        sent: @escaping @Sendable (Int) -> Void
    ) {
        (self.registry, self.file, self.digest) = (registry, file, digest)
        (self.origin, self.sent) = (origin, sent)
        state = Mutex(State(pieceByteCount: max(1, registry.client.options.uploadByteCount)))
    }

    private var action: String { "send `\(file.name)` to `\(registry.name)`" }

    private var writer: ScopedAuthorizer {
        var scopes = registry.writer.scopes
        if let origin { scopes.append("repository:\(origin):pull") }
        return ScopedAuthorizer(session: registry.session, scopes: scopes)
    }

    /// Sends the blob.
    ///
    /// - Returns: Whether bytes were sent; `false` if the registry had them in the other repository.
    /// - Throws: ``CacheStoreError`` or `CancellationError`; the registry is then told to drop the upload.
    func run() async throws -> Bool {
        do {
            return try await registry.client.retrying(action, at: registry.name) {
                do {
                    return try await attempt()
                } catch var failure as WebFailure {
                    state.withLock { state in
                        state.isBroken = true
                        // Bytes that are sent again after they were lost are no progress.
                        failure.byteCount = max(0, state.farthest - state.counted)
                        state.counted = max(state.counted, state.farthest)
                    }
                    throw failure
                }
            }
        } catch {
            await drop()
            throw error
        }
    }

    /// Begins or continues the upload, and finishes it.
    ///
    /// - Returns: `false` if the registry has mounted the blob.
    private func attempt() async throws -> Bool {
        if state.withLock({ $0.isBroken }) {
            // The answer that was lost may have been the last one.
            if try await registry.hasBlob(digest, isWriting: true) {
                complete()
                return true
            }
            try await recover()
            state.withLock { $0.isBroken = false }
        }
        if state.withLock({ $0.place }) == nil, try await begin() { return false }
        let isWhole = state.withLock { $0.isWhole }
        while !isWhole, state.withLock({ $0.offset }) < file.byteCount { try await sendPiece() }
        try await finish(isWhole)
        return true
    }

    /// Begins an upload.
    ///
    /// - Returns: Whether the registry has mounted the blob instead.
    private func begin() async throws -> Bool {
        let query = origin.map {
            "mount=" + WebAddress.encodedValue("sha256:\(digest)") + "&from=" + WebAddress.encodedValue($0)
        }
        let request = WebRequest(
            method: .POST,
            address: try await registry.place("blobs/uploads/", query: query),
            body: .bytes([])
        )
        return try await registry.client.send(request, as: writer) { [self] response in
            if response.status == 201 {
                // Only a blob of another repository need not be sent.
                guard origin != nil else { throw registry.noRegistry(action) }
                return true
            }
            guard response.status == 202 else { throw await registry.failure(response, action) }
            await response.finish()
            try note(response, offset: 0)
            let least = response.header("oci-chunk-min-length").flatMap { ContentRange.number($0) } ?? 0
            state.withLock { $0.pieceByteCount = max($0.pieceByteCount, least) }
            return false
        }
    }

    /// Sends the next piece.
    private func sendPiece() async throws {
        let (place, offset, length) = state.withLock { ($0.place, $0.offset, $0.pieceByteCount) }
        guard let place else { throw WebFailure.broken }
        let piece = offset..<min(offset + length, file.byteCount)
        let request = WebRequest(
            method: .PATCH,
            address: place,
            headers: [
                ("Content-Type", "application/octet-stream"),
                ("Content-Range", "\(piece.lowerBound)-\(piece.upperBound - 1)"),
            ],
            body: .range(BlobRange(file: file, range: piece))
        )
        try await registry.client.send(request, as: authorizer(for: place)) { [self] response in
            switch response.status {
            case 201, 202, 204:
                await response.finish()
                let stated = response.header("range").flatMap { Self.offset(ofRange: $0) } ?? piece.upperBound
                guard (piece.lowerBound...piece.upperBound).contains(stated) else {
                    throw restart("the registry states a range that was not sent")
                }
                try note(response, offset: stated)
                if stated == piece.lowerBound {
                    throw WebFailure(words: "the registry has kept nothing of what was sent")
                }
            case 404: throw restart("the registry has given up the upload")
            case 416: throw WebFailure(words: "the registry has other bytes than were sent")
            case 413 where length > Self.leastByteCount:
                state.withLock { $0.pieceByteCount = max(Self.leastByteCount, length / 4) }
                throw WebFailure(words: "the registry takes no requests of this length")
            case let status where Self.refusals.contains(status):
                state.withLock { $0.isWhole = true }
                throw restart("the registry takes no blobs in pieces")
            default: throw await registry.failure(response, action)
            }
        }
    }

    /// Sends the end of the upload, or the whole of it.
    private func finish(_ isWhole: Bool) async throws {
        guard var place = state.withLock({ $0.place }) else { throw WebFailure.broken }
        let parameter = "digest=" + WebAddress.encodedValue("sha256:\(digest)")
        place.query = place.query.map { "\($0)&\(parameter)" } ?? parameter
        let request = WebRequest(
            method: .PUT,
            address: place,
            headers: [("Content-Type", "application/octet-stream")],
            body: isWhole ? .range(BlobRange(file: file, range: 0..<file.byteCount)) : .bytes([]),
            patience: registry.client.options.commitTimeout
        )
        try await registry.client.send(request, as: authorizer(for: place)) { [self] response in
            switch response.status {
            case 200, 201, 202, 204:
                await response.finish()
                complete()
            case 404: throw restart("the registry has given up the upload")
            case 416: throw WebFailure(words: "the registry has other bytes than were sent")
            default: throw await registry.failure(response, action)
            }
        }
    }

    /// Asks the registry how much it has of a broken upload.
    private func recover() async throws {
        guard let place = state.withLock({ $0.place }) else { return }
        let isWhole = state.withLock { $0.isWhole }
        if isWhole { return state.withLock { $0.place = nil } }
        let request = WebRequest(address: place)
        try await registry.client.send(request, as: authorizer(for: place)) { [self] response in
            if let failure = WebFailure(status: response.status, retryAfter: nil) { throw failure }
            guard [200, 202, 204].contains(response.status),
                let offset = response.header("range").flatMap({ Self.offset(ofRange: $0) }),
                offset <= file.byteCount
            else {
                // The upload is unknown, or the registry does not tell: begin anew.
                _ = restart("")
                return
            }
            await response.finish()
            try note(response, offset: offset)
        }
    }

    /// Notes what an answer tells: the place of the upload, and what the registry has of it.
    private func note(_ response: WebResponse, offset: Int) throws {
        if let location = response.header("location") {
            func refused(_ reason: String) -> CacheStoreError {
                CacheStoreError(.network, "cannot \(action): the place of the upload: \(reason)")
            }
            let place: WebAddress
            do {
                place = try response.address.resolving(location)
                try registry.client.check(place)
            } catch { throw refused(error.message) }
            guard place.isEncrypted || !response.address.isEncrypted else {
                throw refused("the registry wants `\(place)` without encryption")
            }
            state.withLock { $0.place = place }
        }
        let before = state.withLock { state in
            defer { (state.offset, state.farthest) = (offset, max(state.farthest, offset)) }
            return state.offset
        }
        if offset != before { sent(offset - before) }
    }

    /// Notes that the registry has the whole blob.
    private func complete() {
        let whole = file.byteCount
        let before = state.withLock { state in
            defer { (state.offset, state.place) = (whole, nil) }
            return state.offset
        }
        if whole != before { sent(whole - before) }
    }

    /// Forgets the upload, so that the next try begins anew.
    private func restart(_ words: String) -> WebFailure {
        let lost = state.withLock { state in
            defer { (state.place, state.offset) = (nil, 0) }
            return state.offset
        }
        if lost > 0 { sent(-lost) }
        return WebFailure(words: words)
    }

    /// Tells the registry to drop the upload, as far as that is possible in a short time.
    private func drop() async {
        guard let place = state.withLock({ $0.place }) else { return }
        let request = WebRequest(method: .DELETE, address: place, patience: .seconds(5))
        let (client, authorizer) = (registry.client, authorizer(for: place))
        // The task of a cancelled operation can send nothing any more, and does not wait.
        let isCancelled = Task.isCancelled
        let task = Task { _ = try? await client.send(request, as: authorizer) { $0.status } }
        if !isCancelled { await task.value }
    }

    /// Returns the credentials for the place of an upload: none if that is another server.
    private func authorizer(for place: WebAddress) -> ScopedAuthorizer? {
        registry.owns(place) ? writer : nil
    }

    /// Returns the number of bytes that the header `Range` of a registry states: `0-LAST`.
    ///
    /// Docker's registry states `0-0` for none and for one.
    private static func offset(ofRange text: String) -> Int? {
        let words = text.lowercased().hasPrefix("bytes=") ? text.dropFirst(6) : text[...]
        guard let range = ContentRange.range(words), range.lowerBound == 0 else { return nil }
        return range.upperBound == 1 ? 0 : range.upperBound
    }
}
