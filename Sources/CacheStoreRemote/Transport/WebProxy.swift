import AsyncHTTPClient

/// The proxy through which a server is reached, as the environment names it.
///
/// The variables are those of curl and Go: `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, also in lower case.
struct WebProxy: Hashable, Sendable {
    var host: String
    var port: Int
    var isSocks: Bool
    var credentials: Secret?

    /// Finds the proxy for a server; `nil` if the server is reached directly.
    ///
    /// - Parameters:
    ///   - address: An address on the server.
    ///   - environment: The environment of the process.
    init?(for address: WebAddress, _ environment: [String: String]) {
        func named(_ variable: String) -> String? {
            [environment[variable], environment[variable.lowercased()]].compactMap { $0 }.first {
                !$0.isEmpty
            }
        }
        // A program behind CGI gets HTTP_PROXY from the header `Proxy` of whoever calls it.
        let isGateway = environment["REQUEST_METHOD"] != nil
        let variable = address.isEncrypted ? "HTTPS_PROXY" : isGateway ? "http_proxy" : "HTTP_PROXY"
        guard let text = named(variable), !address.isLoopback else { return nil }
        if Self.isExcluded(address, named("NO_PROXY") ?? "") { return nil }
        self.init(text)
    }

    private init?(_ text: String) {
        let scheme = text.firstRange(of: "://").map { text[..<$0.lowerBound].lowercased() } ?? "http"
        guard ["http", "socks5", "socks5h"].contains(scheme) else { return nil }
        isSocks = scheme != "http"
        var rest = text.firstRange(of: "://").map { text[$0.upperBound...] } ?? text[...]
        rest = rest.prefix { !"/?#".contains($0) }
        if let at = rest.lastIndex(of: "@") {
            credentials = Secret(Self.decoded(rest[..<at]))
            rest = rest[rest.index(after: at)...]
        }
        guard let (host, port) = try? WebAddress.authority(rest, port: isSocks ? 1080 : 80) else {
            return nil
        }
        (self.host, self.port) = (host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host, port)
    }

    /// The proxy in the form that the HTTP client takes.
    var setting: HTTPClient.Configuration.Proxy {
        if isSocks { return .socksServer(host: host, port: port) }
        guard let credentials else { return .server(host: host, port: port) }
        let parts = credentials.value.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return .server(
            host: host,
            port: port,
            authorization: .basic(
                username: String(parts[0]),
                password: parts.count > 1 ? String(parts[1]) : ""
            )
        )
    }

    /// Returns whether `NO_PROXY` names the server: `*`, a name with all names below it, or name and port.
    private static func isExcluded(_ address: WebAddress, _ list: String) -> Bool {
        list.split { $0 == "," || $0 == " " }.contains { entry in
            var name = entry.lowercased()[...]
            if name == "*" { return true }
            if let colon = name.lastIndex(of: ":"), let port = Int(name[name.index(after: colon)...]),
                !name[..<colon].contains(":")
            {
                if port != address.port { return false }
                name = name[..<colon]
            }
            if name.hasPrefix("*") { name = name.dropFirst() }
            if name.hasPrefix(".") { name = name.dropFirst() }
            return !name.isEmpty && (address.host == name || address.host.hasSuffix("." + name))
        }
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
