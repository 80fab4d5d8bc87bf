import NIOHTTP1

/// A source of the header `Authorization` for requests to one server.
protocol Authorizer: Sendable {
    /// Returns the header that is valid now, or `nil` for a request without one.
    ///
    /// - Throws: ``WebFailure``, ``CacheStoreError`` or `CancellationError`, if a token must be fetched.
    func authorization() async throws -> Secret?

    /// Gets another header after the server has refused one.
    ///
    /// - Parameters:
    ///   - challenges: The values of `WWW-Authenticate` in the answer.
    ///   - refused: The header that was refused, or `nil` if there was none.
    /// - Returns: The new header, or `nil` if there is none to be had.
    /// - Throws: ``WebFailure``, ``CacheStoreError`` or `CancellationError`.
    func authorization(after challenges: [String], refused: Secret?) async throws -> Secret?
}

extension RemoteClient {
    /// The end of a request that may be refused for want of credentials.
    private enum Outcome<Result: Sendable>: Sendable {
        case done(Result)
        case refused(challenges: [String])
    }

    /// Sends a request with credentials, and once more with better ones if the server refuses the first.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - authorizer: The source of credentials; `nil` for none.
    ///   - handle: Called with the answer, to read its body.
    /// - Returns: The result of `handle`.
    /// - Throws: As ``send(_:_:)`` does.
    func send<Result: Sendable>(
        _ request: WebRequest,
        as authorizer: (any Authorizer)?,
        _ handle: @escaping @Sendable (WebResponse) async throws -> Result
    ) async throws -> Result {
        guard let authorizer else { return try await send(request, handle) }
        var request = request
        request.authorization = try await authorizer.authorization()
        let origin = request.address.origin
        let outcome = try await send(request) { response -> Outcome<Result> in
            // Credentials are for the server itself: a place to which it redirects can't ask for them.
            if response.status == 401, response.address.origin == origin {
                return .refused(challenges: response.headers["www-authenticate"])
            }
            return .done(try await handle(response))
        }
        switch outcome {
        case .done(let result): return result
        case .refused(let challenges):
            let refused = request.authorization
            request.authorization = try await authorizer.authorization(after: challenges, refused: refused)
            return try await send(request, handle)
        }
    }
}
