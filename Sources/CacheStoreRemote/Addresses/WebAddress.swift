public import CacheStore

/// The address of a file on a web server: `https://HOST[:PORT]/PATH[?QUERY]`, or the same with `http://`.
///
/// The query of a signed address is a secret. So neither ``description`` nor an error shows it.
public struct WebAddress: Hashable, Sendable {
    /// Whether the connection is encrypted.
    public var isEncrypted: Bool

    /// The name or the IP address of the server, in lower case; an IPv6 address stands in brackets.
    public var host: String

    /// The port.
    public var port: Int

    /// The path, which begins with a slash; its special characters are percent-encoded.
    public var path: String

    /// The query without its question mark, percent-encoded, if there is one; it may hold secrets.
    package var query: String?

    /// Parses an address.
    ///
    /// - Parameter text: The address. Characters that an address can't have are percent-encoded, and a
    ///   fragment is dropped.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
    public init(_ text: String) throws(CacheStoreError) {
        guard let colon = text.firstRange(of: "://") else { throw Self.refused("it has no `https://`") }
        switch text[..<colon.lowerBound].lowercased() {
        case "https": isEncrypted = true
        case "http": isEncrypted = false
        default: throw Self.refused("its scheme is neither `https` nor `http`")
        }
        let rest = text[colon.upperBound...]
        let end = rest.firstIndex { "/?#".contains($0) } ?? rest.endIndex
        (host, port) = try Self.authority(rest[..<end], port: isEncrypted ? 443 : 80)
        (path, query) = Self.target(rest[end...])
    }

    /// Creates the address of a path on the server of another address.
    init(_ server: WebAddress, path: String, query: String? = nil) {
        self = server
        (self.path, self.query) = (Self.encoded(path), query.map { Self.encoded($0) })
    }

    /// Returns the address that a server refers to, in a header such as `Location`.
    ///
    /// Source: RFC 3986, section 5.2.
    ///
    /// - Parameter reference: The reference: an address, or one that is relative to this address.
    /// - Returns: The whole address.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
    func resolving(_ reference: String) throws(CacheStoreError) -> WebAddress {
        let scheme = isEncrypted ? "https:" : "http:"
        if reference.hasPrefix("//") { return try WebAddress(scheme + reference) }
        let beginning = reference.prefix { !"/?#".contains($0) }
        if beginning.contains(":") { return try WebAddress(reference) }
        var result = self
        if reference.isEmpty || reference.hasPrefix("#") { return result }
        let (path, query) = Self.target(reference[...])
        result.query = query
        if reference.hasPrefix("?") { return result }
        let directory = self.path[...(self.path.lastIndex(of: "/") ?? self.path.startIndex)]
        result.path = Self.withoutDots(reference.hasPrefix("/") ? path : String(directory) + path.dropFirst())
        return result
    }

    /// The scheme, the host and the port: the part of the address to which credentials belong.
    var origin: String {
        let isUsual = port == (isEncrypted ? 443 : 80)
        return (isEncrypted ? "https://" : "http://") + host + (isUsual ? "" : ":\(port)")
    }

    /// The host and the port, as a `Host` header has them.
    var authority: String {
        String(origin[(origin.firstRange(of: "://")?.upperBound ?? origin.startIndex)...])
    }

    /// The whole address with its query, for the request itself and for nothing else.
    var request: String { origin + path + (query.map { "?\($0)" } ?? "") }

    /// Whether the server is this machine itself.
    public var isLoopback: Bool { Self.isLoopback(host) }

    /// Returns whether a host is this machine itself.
    static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" || host.hasSuffix(".localhost") { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}

extension WebAddress: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The address without its query, for messages.
    public var description: String { origin + path }

    /// The address without its query.
    public var debugDescription: String { description }

    /// The address without its query, because a debugger's or a test's log is a log too.
    public var customMirror: Mirror { Mirror(self, children: ["address": description]) }
}

extension WebAddress {
    /// Returns the error for an address that can't be used.
    ///
    /// The address is not repeated: it may hold a password.
    static func refused(_ reason: String, remedy: Remedy? = nil) -> CacheStoreError {
        CacheStoreError(.badArgument, "the address can't be used: \(reason)", remedy: remedy)
    }

    /// Returns the host and the port of an authority.
    static func authority(
        _ text: Substring,
        port usual: Int
    ) throws(CacheStoreError) -> (host: String, port: Int) {
        guard !text.contains("@") else {
            throw refused("it holds a user or a password, which would show up in logs", remedy: .omitPassword)
        }
        var host = text
        var port = usual
        let afterBracket = text.lastIndex(of: "]") ?? text.startIndex
        if let colon = text[afterBracket...].lastIndex(of: ":") {
            host = text[..<colon]
            let digits = text[text.index(after: colon)...]
            guard let number = Int(digits), (1...65535).contains(number), digits.allSatisfy(\.isNumber) else {
                throw refused("its port is no number from 1 to 65535")
            }
            port = number
        }
        guard !host.isEmpty else { throw refused("it names no server") }
        guard host.utf8.count <= 255 else { throw refused("no server has so long a name") }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        let inside = isBracketed ? host.dropFirst().dropLast() : host
        let isNamed = inside.utf8.allSatisfy { byte in
            isLetterOrDigit(byte) || "-._~".utf8.contains(byte) || isBracketed && byte == UInt8(ascii: ":")
        }
        guard !inside.isEmpty, isNamed else {
            throw refused("its server has a character that no name of a server has")
        }
        return (host.lowercased(), port)
    }

    /// Returns the path and the query of an address from its path on, percent-encoded.
    private static func target(_ text: Substring) -> (path: String, query: String?) {
        let text = text.prefix { $0 != "#" }
        guard let mark = text.firstIndex(of: "?") else { return (rooted(encoded(text)), nil) }
        return (rooted(encoded(text[..<mark])), encoded(text[text.index(after: mark)...]))
    }

    private static func rooted(_ path: String) -> String { path.hasPrefix("/") ? path : "/" + path }

    /// Returns the text with each byte percent-encoded that an address can't have.
    static func encoded(_ text: some StringProtocol) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            let isEscape =
                byte == UInt8(ascii: "%") && index + 2 < bytes.count
                && bytes[(index + 1)...(index + 2)].allSatisfy { isHexadecimal($0) }
            if isEscape || isLetterOrDigit(byte) || "-._~!$&'()*+,;=:@/?".utf8.contains(byte) {
                result.append(byte)
            } else {
                result.append(contentsOf: escape(byte))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Returns the text as a value in a query or a form, with all special characters percent-encoded.
    static func encodedValue(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            if isLetterOrDigit(byte) || "-._~".utf8.contains(byte) {
                result.append(byte)
            } else {
                result.append(contentsOf: escape(byte))
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func escape(_ byte: UInt8) -> String.UTF8View {
        let digits = String(byte, radix: 16, uppercase: true)
        return (byte < 16 ? "%0" + digits : "%" + digits).utf8
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }

    /// Returns a path without its `.` and `..` (RFC 3986, section 5.2.4).
    private static func withoutDots(_ path: String) -> String {
        var parts: [Substring] = []
        let all = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
        for (index, part) in all.enumerated() {
            let isLast = index == all.count - 1
            switch part {
            case ".": if isLast { parts.append("") }
            case "..":
                _ = parts.popLast()
                if isLast { parts.append("") }
            default: parts.append(part)
            }
        }
        return "/" + parts.joined(separator: "/")
    }
}
