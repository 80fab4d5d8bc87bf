import CacheStore
import FoundationEssentials
import SystemPackage

/// A file in which docker, podman or skopeo keeps credentials: `config.json` or `auth.json`.
///
/// Source: docker's `cli/config/configfile/file.go`, and containers-auth.json(5).
struct CredentialFile: Decodable, Sendable {
    /// What a file holds for one registry.
    struct Entry: Decodable, Sendable {
        var auth: String?
        var username: String?
        var password: String?
        var identitytoken: String?
        var registrytoken: String?
    }

    var auths: [String: Entry]?
    var credHelpers: [String: String]?
    var credsStore: String?

    /// The maximum length of a file, in bytes.
    private static let longest = 4 << 20

    /// Reads a file.
    ///
    /// - Parameter path: The file.
    /// - Returns: `nil` if there is no such file, or if this user may not read it.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` if the file is damaged;
    ///   no part of the content is repeated.
    static func read(_ path: FilePath) throws(CacheStoreError) -> Self? {
        guard let bytes = bytes(of: path) else { return nil }
        guard !bytes.isEmpty else { return nil }
        guard bytes.count <= longest, let file = try? JSONDecoder().decode(Self.self, from: Data(bytes))
        else {
            throw CacheStoreError(
                .badArgument,
                "the file does not hold the credentials of docker or podman as JSON",
                path: path,
                remedy: .signIn
            )
        }
        return file
    }

    private static func bytes(of path: FilePath) -> [UInt8]? {
        guard let file = try? FileDescriptor.open(path, .readOnly) else { return nil }
        defer { try? file.close() }
        var result: [UInt8] = []
        while result.count <= longest {
            let piece = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                count = unsafe (try? file.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
            }
            if piece.isEmpty { break }
            result += piece
        }
        return result
    }

    /// Returns the names under which a file may keep the credentials for an address, the most special first.
    static func keys(for address: RegistryAddress) -> [String] {
        var names = [address.registry]
        if address.registry == "docker.io" { names += ["index.docker.io", "registry-1.docker.io"] }
        var keys: [String] = []
        for name in names {
            var parts = address.repository.split(separator: "/")
            while !parts.isEmpty {
                keys.append("\(name)/\(parts.joined(separator: "/"))")
                parts.removeLast()
            }
        }
        return keys + names
    }

    /// Returns the credential that the file itself holds for an address.
    func credential(for address: RegistryAddress) -> Credential? {
        guard let auths else { return nil }
        var entries: [String: Entry] = [:]
        for (key, entry) in auths.sorted(by: { $0.key > $1.key }) { entries[Self.plain(key)] = entry }
        return Self.keys(for: address).lazy.compactMap { entries[$0]?.credential }.first
    }

    /// Returns the helper program that the file names for an address, and the server to ask it for.
    func helper(for address: RegistryAddress) -> (name: String, server: String)? {
        for key in Self.keys(for: address) {
            if let (name, helper) = credHelpers?.first(where: { Self.plain($0.key) == key }) {
                return (helper, name)
            }
        }
        guard let credsStore, !credsStore.isEmpty else { return nil }
        let isDocker = address.registry == "docker.io"
        return (credsStore, isDocker ? "https://index.docker.io/v1/" : address.registry)
    }

    /// Returns a key without the scheme and the version of the interface that old programs wrote.
    private static func plain(_ key: String) -> String {
        var key = key[...]
        for scheme in ["https://", "http://"] where key.hasPrefix(scheme) {
            key = key.dropFirst(scheme.count)
        }
        while key.hasSuffix("/") { key = key.dropLast() }
        for version in ["/v1", "/v2"] where key.hasSuffix(version) { key = key.dropLast(version.count) }
        return String(key)
    }
}

extension CredentialFile.Entry {
    /// The credential, or `nil` if the entry is empty, as it is where a helper keeps the credential.
    var credential: Credential? {
        if let token = identitytoken, !token.isEmpty { return .identityToken(Secret(token)) }
        if let token = registrytoken, !token.isEmpty { return .bearer(Secret(token)) }
        if let auth, !auth.isEmpty, let text = Base64.decoded(auth), let colon = text.firstIndex(of: ":") {
            let password = text[text.index(after: colon)...].filter { $0 != "\0" }
            return .password(user: String(text[..<colon]), Secret(String(password)))
        }
        guard let username, let password, !username.isEmpty else { return nil }
        return .password(user: username, Secret(password))
    }
}
