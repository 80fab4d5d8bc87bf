import FoundationEssentials
import NIOHTTP1

/// The answer of a token server.
///
/// Source: distribution's `spec/auth/token.md` and `spec/auth/oauth.md`.
struct TokenReply: Decodable, Sendable {
    private var token: String?
    private var access_token: String?
    private var expires_in: Int?

    /// Creates an answer without a token.
    init() {}

    /// Parses an answer; `nil` if it is not JSON.
    init?(_ bytes: [UInt8]) {
        guard let reply = try? JSONDecoder().decode(Self.self, from: Data(bytes)) else { return nil }
        self = reply
    }

    /// The token, if it can stand in a header.
    var text: String? {
        guard let text = token ?? access_token, !text.isEmpty else { return nil }
        return text.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? text : nil
    }

    /// The time for which the token is valid: a minute, if the server does not say.
    var life: Duration { .seconds(max(0, min(expires_in ?? 60, 1 << 20))) }

    /// Returns the request for a token.
    ///
    /// - Parameters:
    ///   - realm: The address of the token server.
    ///   - service: The name that the registry has there.
    ///   - scopes: The rights to ask for.
    ///   - header: The user and the password; `nil` for a token that anyone may have.
    /// - Returns: The request.
    static func request(
        _ realm: WebAddress,
        _ service: String?,
        _ scopes: [String],
        _ header: Secret?
    ) -> WebRequest {
        var parameters = realm.query.map { [$0] } ?? []
        if let service { parameters.append("service=" + WebAddress.encodedValue(service)) }
        parameters += scopes.map { "scope=" + WebAddress.encodedValue($0) }
        var place = realm
        place.query = parameters.isEmpty ? nil : parameters.joined(separator: "&")
        return WebRequest(address: place, authorization: header)
    }

    /// Returns the request that exchanges an identity token.
    static func refresh(
        _ realm: WebAddress,
        _ service: String?,
        _ scopes: [String],
        _ token: Secret
    ) -> WebRequest {
        let fields = [
            ("grant_type", "refresh_token"), ("client_id", "cachestore"), ("service", service ?? ""),
            ("scope", scopes.joined(separator: " ")), ("refresh_token", token.value),
        ]
        let form = fields.map { "\($0)=\(WebAddress.encodedValue($1))" }.joined(separator: "&")
        return WebRequest(
            method: .POST,
            address: realm,
            headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: .bytes(Array(form.utf8)),
            secret: token
        )
    }
}
