import CacheStore
import NIOHTTP1

/// The tokens with which one registry is spoken to.
///
/// Source: distribution's `spec/auth/token.md` and `spec/auth/oauth.md`.
actor RegistrySession {
    private let client: RemoteClient
    private let address: RegistryAddress

    /// The manner of signing in that the registry has asked for; `nil` until it asks.
    private enum Manner {
        case basic
        case bearer(realm: WebAddress, service: String?)
    }

    private struct Token {
        var header: Secret
        var expiry: ContinuousClock.Instant
    }

    private var manner: Manner?
    private var tokens: [[String]: Token] = [:]
    private var found: CredentialStore.Finding?

    init(_ client: RemoteClient, _ address: RegistryAddress) {
        (self.client, self.address) = (client, address)
    }

    /// The words on the credentials, for the error of a registry that refuses access.
    var words: String { found?.words ?? "" }

    /// Returns the header for requests in some scopes, as far as the registry has asked for one.
    func authorization(for scopes: [String]) async throws -> Secret? {
        switch manner {
        case nil: return nil
        case .basic: return try await credential()?.basic
        case .bearer(let realm, let service):
            if let token = tokens[scopes], token.expiry > .now { return token.header }
            return try await fetch(realm, service, scopes)
        }
    }

    /// Returns another header after the registry has refused one.
    ///
    /// - Parameters:
    ///   - challenges: The values of `WWW-Authenticate`.
    ///   - scopes: The scopes of the request.
    ///   - refused: The header that was refused.
    /// - Returns: `nil` if there is no credential.
    /// - Throws: ``CacheStoreError``, or `CancellationError`.
    func authorization(
        after challenges: [String],
        for scopes: [String],
        refused: Secret?
    ) async throws -> Secret? {
        // Another request may have fetched a new token in the meantime.
        if let token = tokens[scopes], token.expiry > .now, token.header != refused { return token.header }
        tokens[scopes] = nil
        let offers = Challenge.parse(challenges)
        if let offer = offers.first(where: { $0.scheme == "bearer" }) {
            let realm = try realm(offer.parameters["realm"])
            let service = offer.parameters["service"]
            manner = .bearer(realm: realm, service: service)
            var wanted = scopes
            if let asked = offer.parameters["scope"], wanted.isEmpty { wanted = [asked] }
            return try await fetch(realm, service, scopes, wanted)
        }
        if offers.contains(where: { $0.scheme == "basic" }) {
            manner = .basic
            return try await credential()?.basic
        }
        return nil
    }

    private func credential() async throws -> Credential? {
        if let found { return found.credential }
        let result = try await CredentialStore(environment: client.options.environment)
            .credential(for: address)
        found = result
        return result.credential
    }

    /// Checks the address of a token server: credentials go there.
    private func realm(_ text: String?) throws(CacheStoreError) -> WebAddress {
        func refused(_ reason: String) -> CacheStoreError {
            CacheStoreError(.network, "cannot sign in to `\(address.registry)`: \(reason)")
        }
        guard let text else { throw refused("the registry does not name its token server") }
        let realm: WebAddress
        do { realm = try WebAddress(text) } catch { throw refused("the address of its token server is none") }
        let isLocal = realm.isLoopback && address.isLoopback
        guard realm.isEncrypted || isLocal || client.options.allowsPlainHTTP else {
            throw refused("its token server `\(realm)` is reached without encryption")
        }
        return realm
    }
}

// MARK: - Tokens

extension RegistrySession {
    /// Gets a token from the token server.
    ///
    /// - Parameters:
    ///   - realm: The address of the token server.
    ///   - service: The name that the registry has there.
    ///   - scopes: The scopes under which the token is kept.
    ///   - wanted: The scopes to ask for, if they are others.
    /// - Returns: The header with the token.
    /// - Throws: ``CacheStoreError``, or `CancellationError`.
    private func fetch(
        _ realm: WebAddress,
        _ service: String?,
        _ scopes: [String],
        _ wanted: [String]? = nil
    ) async throws -> Secret {
        let wanted = wanted ?? scopes
        let credential = try await credential()
        if case .bearer(let token) = credential { return Secret("Bearer \(token.value)") }
        var reply: TokenReply?
        if case .identityToken(let token) = credential {
            reply = try await send(TokenReply.refresh(realm, service, wanted, token))
        }
        if reply == nil {
            reply = try await send(TokenReply.request(realm, service, wanted, credential?.basic))
        }
        guard let reply, let text = reply.text else {
            throw CacheStoreError(
                .network,
                "cannot sign in to `\(address.registry)`: the answer of `\(realm)` holds no token"
            )
        }
        let header = Secret("Bearer \(text)")
        // A token is not used any more shortly before it expires.
        tokens[scopes] = Token(header: header, expiry: .now + reply.life - min(.seconds(10), reply.life / 5))
        return header
    }

    /// Returns the error for an answer, and adds what is known of the credentials if access is refused.
    func explaining(_ error: any Error) -> any Error {
        guard let error = error as? CacheStoreError, error.code == .accessDenied else { return error }
        return CacheStoreError(error.code, error.message + words, remedy: error.remedy)
    }

    /// Sends a request for a token.
    ///
    /// - Returns: The answer; `nil` if the server does not know this kind of request.
    private func send(_ request: WebRequest) async throws -> TokenReply? {
        let action = "sign in to `\(address.registry)` at `\(request.address)`"
        return try await client.retrying(action, at: request.address.description) {
            try await client.send(request) { response in
                if request.method == .POST, [404, 405, 501].contains(response.status) { return nil }
                guard response.status == 200 else {
                    let error = await response.failure(action, access: .signIn, name: .signIn)
                    throw await self.explaining(error)
                }
                return try await response.bytes(upTo: 1 << 20).flatMap { TokenReply($0) } ?? TokenReply()
            }
        }
    }
}

/// The credentials of one registry for requests in some scopes.
struct ScopedAuthorizer: Authorizer {
    let session: RegistrySession

    /// The scopes, for example `repository:owner/name:pull`.
    let scopes: [String]

    func authorization() async throws -> Secret? { try await session.authorization(for: scopes) }

    func authorization(after challenges: [String], refused: Secret?) async throws -> Secret? {
        try await session.authorization(after: challenges, for: scopes, refused: refused)
    }
}
