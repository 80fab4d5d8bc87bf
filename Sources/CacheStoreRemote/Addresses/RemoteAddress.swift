public import CacheStore

/// The address of an archive that is not a path: on a web server, or in a registry.
public enum RemoteAddress: Hashable, Sendable {
    /// A file on a web server: `https://…`, or `http://…`.
    case web(WebAddress)
    /// An artifact in a registry: `oci://…`.
    case registry(RegistryAddress)

    /// Parses an address.
    ///
    /// - Parameter text: The address with its scheme: `https://`, `http://` or `oci://`.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
    public init(_ text: String) throws(CacheStoreError) {
        if Self.scheme(of: text) == "oci" {
            self = .registry(try RegistryAddress(text))
        } else {
            self = .web(try WebAddress(text))
        }
    }

    /// Returns whether the text is meant as an address rather than as a path.
    ///
    /// A path can hold `://` too, but only below a directory whose name ends in a colon: `./https://…`
    /// names it.
    ///
    /// - Parameter text: The argument of a user.
    /// - Returns: Whether it begins with `https://`, `http://` or `oci://`.
    public static func isAddress(_ text: String) -> Bool {
        scheme(of: text).map { ["https", "http", "oci"].contains($0) } ?? false
    }

    private static func scheme(of text: String) -> String? {
        text.firstRange(of: "://").map { text[..<$0.lowerBound].lowercased() }
    }
}

extension RemoteAddress: CustomStringConvertible {
    /// The address for messages; it holds no secret.
    public var description: String {
        switch self {
        case .web(let address): address.description
        case .registry(let address): address.description
        }
    }
}
