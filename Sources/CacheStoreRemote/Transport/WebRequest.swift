import NIOCore
import NIOHTTP1

/// One request to a web server.
struct WebRequest: Sendable {
    /// The bytes that a request sends.
    enum Body: Sendable {
        case bytes([UInt8])
        /// A range of a file, which is read while it is sent.
        case range(BlobRange)
    }

    var method: HTTPMethod = .GET
    var address: WebAddress
    var headers: [(name: String, value: String)] = []
    var body: Body?

    /// The value of the header `Authorization`, which is sent to the origin of ``address`` and to no other.
    var authorization: Secret?

    /// The time in which the server must answer or go on; `nil` for that of the options.
    var patience: Duration?

    /// The secret that the body holds, if it holds one: no other origin may get it by a redirect.
    var secret: Secret?

    /// The texts of the request that no message may repeat.
    var secrets: [String] {
        var secrets: [String] = []
        if let secret { secrets += [secret.value, WebAddress.encodedValue(secret.value)] }
        guard let header = authorization?.value, let space = header.firstIndex(of: " ") else {
            return secrets
        }
        let token = String(header[header.index(after: space)...])
        secrets.append(token)
        if let pair = Base64.decoded(token), let colon = pair.firstIndex(of: ":") {
            secrets.append(String(pair[pair.index(after: colon)...]))
        }
        return secrets.filter { !$0.isEmpty }
    }

    /// The same request, sent to another place.
    func redirected(to place: WebAddress, isReadAnew: Bool) -> WebRequest {
        var copy = self
        if place.origin != address.origin { copy.authorization = nil }
        copy.address = place
        if isReadAnew { (copy.method, copy.body) = (.GET, nil) }
        return copy
    }
}
