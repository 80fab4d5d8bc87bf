import AsyncHTTPClient
import CacheStore
import FoundationEssentials
import NIOCore
import NIOHTTP1

/// The answer of a web server, whose body has not been read yet.
struct WebResponse: Sendable {
    let status: Int
    let headers: HTTPHeaders

    /// The place that answered, after all redirects.
    let address: WebAddress

    fileprivate let body: HTTPClientResponse.Body
    fileprivate let watch: StallWatch
    fileprivate let secrets: [String]

    init(_ response: HTTPClientResponse, to request: WebRequest, _ watch: StallWatch) {
        status = Int(response.status.code)
        (headers, body) = (response.headers, response.body)
        (address, secrets, self.watch) = (request.address, request.secrets, watch)
    }

    /// Returns the value of a header, or `nil` if there is none or more than one.
    func header(_ name: String) -> String? {
        let values = headers[name]
        return values.count == 1 ? values[0] : nil
    }

    /// Whether the body is a page for people.
    var isPage: Bool { header("content-type")?.lowercased().hasPrefix("text/html") ?? false }

    /// Hands over the body in order, piece by piece.
    ///
    /// The time that `receive` takes is not the server's.
    ///
    /// - Throws: ``WebFailure``, `CancellationError`, or the error of `receive`, unchanged.
    func forEachPiece(_ receive: (Span<UInt8>) throws -> Void) async throws {
        var iterator = body.makeAsyncIterator()
        while true {
            let piece: ByteBuffer?
            do {
                piece = try await iterator.next()
            } catch {
                try Task.checkCancellation()
                throw WebFailure(error)
            }
            // A cancelled task sees the end of the body too early.
            try Task.checkCancellation()
            guard let piece else { return }
            watch.touch()
            guard piece.readableBytes > 0 else { continue }
            try watch.pausing { try receive(piece.readableBytesUInt8Span) }
        }
    }

    /// A body that is longer than it may be.
    private struct TooLong: Error {}

    /// Returns the whole body.
    ///
    /// - Parameter limit: The maximum length, in bytes.
    /// - Returns: The bytes, or `nil` if there are more than `limit`.
    /// - Throws: ``WebFailure`` or `CancellationError`.
    func bytes(upTo limit: Int) async throws -> [UInt8]? {
        var result: [UInt8] = []
        do {
            try await forEachPiece { piece in
                guard result.count + piece.count <= limit else { throw TooLong() }
                for index in piece.indices { result.append(piece[index]) }
            }
        } catch is TooLong { return nil }
        return result
    }
}

extension WebResponse {
    /// Reads what is left of a short body, so that the connection can be used again.
    func finish() async { _ = try? await bytes(upTo: 1 << 16) }

    /// Returns the error for an answer that is not the one that was asked for.
    ///
    /// - Parameters:
    ///   - action: The action and its object, as in "cannot `action`: the server answered 404 Not Found".
    ///   - access: The advice if the server refuses access.
    ///   - name: The advice if the server does not have the object.
    /// - Returns: A ``WebFailure`` if the failure may pass, otherwise a ``CacheStoreError``.
    func failure(_ action: String, access: Remedy, name: Remedy? = nil) async -> any Error {
        let wait = header("retry-after").flatMap { RetryAfter.wait($0) }
        if var failure = WebFailure(status: status, retryAfter: wait) {
            failure.words += await statement()
            return failure
        }
        let (code, remedy): (CacheStoreError.Code, Remedy?) =
            switch status {
            case 401, 403, 407: (.accessDenied, access)
            case 404, 410: (.notFound, name)
            default: (.network, nil)
            }
        let words = "the server answered \(WebFailure.words(of: status))"
        return CacheStoreError(code, "cannot \(action): \(words)\(await statement())", remedy: remedy)
    }

    /// The errors of a registry (OCI distribution specification, *Error Codes*).
    private struct Statement: Decodable {
        struct Fault: Decodable {
            var code: String?
            var message: String?
        }
        var errors: [Fault]
    }

    /// Returns the words of a registry on its refusal, in parentheses, or nothing.
    ///
    /// The words of other servers are left out: those of storage services quote signatures.
    private func statement() async -> String {
        guard header("content-type")?.contains("json") == true,
            let bytes = try? await bytes(upTo: 1 << 16),
            let fault = try? JSONDecoder().decode(Statement.self, from: Data(bytes)).errors.first
        else { return "" }
        // A server may repeat what it was asked with: a signed address, or the credentials.
        let said = (fault.message ?? "").split(separator: " ").filter { word in
            word.utf8.count <= 40 && !word.contains { "?&=%".contains($0) }
        }
        let code = (fault.code ?? "").prefix { $0.isLetter || $0 == "_" }
        let whole = "\(fault.code ?? "") \(fault.message ?? "")"
        if secrets.contains(where: { whole.contains($0) }) { return "" }
        let isSecret = said.contains { ["basic", "bearer"].contains($0.lowercased()) }
        let words = [String(code), isSecret ? "" : said.joined(separator: " ")].filter { !$0.isEmpty }
        return words.isEmpty ? "" : " (\(words.joined(separator: ": ").excerpt))"
    }
}
