public import CacheStore

/// The address of an image or an artifact in a registry: `oci://REGISTRY[:PORT]/REPOSITORY[:TAG|@DIGEST]`.
///
/// Source: the OCI distribution specification 1.1, *Pulling manifests*, and Docker's rules for its own
/// registry.
public struct RegistryAddress: Hashable, Sendable {
    /// A tag, or the digest of a manifest.
    public enum Reference: Hashable, Sendable {
        /// A name that the registry may give to another manifest later.
        case tag(String)
        /// The SHA-256 of the manifest, which pins every byte.
        case digest(ObjectID)
    }

    /// The name of the registry as users write it, with its port if one was named: for example `ghcr.io`.
    public var registry: String

    /// The name of the repository: for example `library/golang`.
    public var repository: String

    /// The tag or the digest.
    public var reference: Reference

    /// Parses an address.
    ///
    /// - Parameter text: The address, with or without `oci://`. A tag beside a digest is dropped, as the
    ///   digest alone decides. Without both, the tag is `latest`.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
    public init(_ text: String) throws(CacheStoreError) {
        let prefix = "oci://"
        var rest = text[...]
        if rest.prefix(prefix.count).lowercased() == prefix { rest = rest.dropFirst(prefix.count) }
        guard let slash = rest.firstIndex(of: "/") else {
            throw WebAddress.refused("it names no repository, as `oci://ghcr.io/owner/name:tag` does")
        }
        let name = rest[..<slash]
        if let at = name.firstIndex(of: "@"), at < slash {
            throw WebAddress.refused(
                "it holds a user or a password, which would show up in logs",
                remedy: .omitPassword
            )
        }
        let (host, port) = try WebAddress.authority(name, port: 0)
        let isDocker = ["docker.io", "index.docker.io", "registry-1.docker.io"].contains(host) && port == 0
        registry = isDocker ? "docker.io" : port == 0 ? host : "\(host):\(port)"
        rest = rest[rest.index(after: slash)...]

        var digest: ObjectID?
        if let at = rest.firstIndex(of: "@") {
            let words = rest[rest.index(after: at)...]
            guard words.hasPrefix("sha256:"), let id = ObjectID(String(words.dropFirst(7))) else {
                throw WebAddress.refused("its digest is not `sha256:` and 64 hexadecimal digits")
            }
            digest = id
            rest = rest[..<at]
        }
        var tag = "latest"
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            tag = String(rest[rest.index(after: colon)...])
            rest = rest[..<colon]
            guard Self.isTag(tag) else {
                throw WebAddress.refused(
                    "its tag is not made of at most 128 letters, digits, `_`, `.` and `-`"
                )
            }
        }
        repository = isDocker && !rest.contains("/") ? "library/\(rest)" : String(rest)
        guard Self.isRepository(repository) else {
            throw WebAddress.refused(
                "its repository is not made of lower-case letters and digits, with single `.`, `_`, `-` and "
                    + "`/` between them"
            )
        }
        reference = digest.map { .digest($0) } ?? .tag(tag)
    }

    /// The server of the registry, with its port if that is not the usual one.
    var server: String { registry == "docker.io" ? "registry-1.docker.io" : registry }

    /// Whether the registry is on this machine itself.
    public var isLoopback: Bool {
        let end = registry.hasSuffix("]") ? nil : registry.lastIndex(of: ":")
        return WebAddress.isLoopback(String(registry[..<(end ?? registry.endIndex)]))
    }

    /// Returns the address of another tag or digest in the same repository.
    public func with(_ reference: Reference) -> Self {
        var copy = self
        copy.reference = reference
        return copy
    }

    /// Returns the tag under which something is to be written.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for a digest.
    func tag() throws(CacheStoreError) -> String {
        guard case .tag(let tag) = reference else {
            throw CacheStoreError(
                .badArgument,
                "only a tag can be written, and `\(self)` has a digest",
                remedy: .pushToTag
            )
        }
        return tag
    }

    /// Returns whether the text is a tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`.
    static func isTag(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count <= 128 else { return false }
        return (WebAddress.isLetterOrDigit(first) || first == UInt8(ascii: "_"))
            && bytes.allSatisfy { WebAddress.isLetterOrDigit($0) || "._-".utf8.contains($0) }
    }

    /// Returns whether the text is the name of a repository.
    ///
    /// The rule: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*`.
    static func isRepository(_ text: String) -> Bool {
        guard text.utf8.count <= 255 else { return false }
        return text.split(separator: "/", omittingEmptySubsequences: false).allSatisfy { part in
            let bytes = Array(part.utf8)
            func isPlain(_ byte: UInt8) -> Bool {
                WebAddress.isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
            }
            guard let first = bytes.first, let last = bytes.last, isPlain(first), isPlain(last) else {
                return false
            }
            let separators = bytes.split(whereSeparator: isPlain)
            return separators.allSatisfy { run in
                let run = Array(run)
                return run == Array(".".utf8) || run == Array("_".utf8) || run == Array("__".utf8)
                    || run.allSatisfy { $0 == UInt8(ascii: "-") }
            }
        }
    }
}

extension RegistryAddress.Reference: CustomStringConvertible {
    /// The tag, or the digest with `sha256:`, as the registry's API names it.
    public var description: String {
        switch self {
        case .tag(let tag): tag
        case .digest(let digest): "sha256:\(digest)"
        }
    }
}

extension RegistryAddress: CustomStringConvertible {
    /// The whole address, with its tag or digest.
    public var description: String {
        switch reference {
        case .tag(let tag): "oci://\(registry)/\(repository):\(tag)"
        case .digest(let digest): "oci://\(registry)/\(repository)@sha256:\(digest)"
        }
    }
}
