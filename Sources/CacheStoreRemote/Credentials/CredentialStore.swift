import CacheStore
import Glibc
import SystemPackage

/// The places in which users keep credentials for registries.
struct CredentialStore: Sendable {
    /// The environment of the process.
    let environment: [String: String]

    /// The result of a search.
    struct Finding: Sendable {
        var credential: Credential?

        /// The file, the helper program or the variable that has the credential.
        var source: String?

        /// The helper programs that did not answer, in words, if there is no credential.
        var faults: [String] = []

        /// The end of a sentence on a registry that refuses access.
        var words: String {
            let source = source.map { ["it refuses the credentials of `\($0.excerpt)`"] }
            return (source ?? ["there are no credentials for it"] + faults).map { "; \($0)" }.joined()
        }
    }

    /// The files with credentials, in the order in which they are read.
    ///
    /// They are those of skopeo and podman, then that of docker.
    var files: [FilePath] {
        func named(_ variable: String) -> String? { environment[variable].flatMap { $0.isEmpty ? nil : $0 } }
        var files: [FilePath] = []
        if let file = named("REGISTRY_AUTH_FILE") { files.append(FilePath(file)) }
        if let directory = named("XDG_RUNTIME_DIR") {
            files.append(FilePath(directory).appending("containers/auth.json"))
        } else {
            // So it is for root, who has no such directory.
            files.append(FilePath("/run/containers/\(geteuid())/auth.json"))
        }
        let home = named("HOME").map { FilePath($0) }
        let settings = named("XDG_CONFIG_HOME").map { FilePath($0) } ?? home?.appending(".config")
        if let settings { files.append(settings.appending("containers/auth.json")) }
        let docker = named("DOCKER_CONFIG").map { FilePath($0) } ?? home?.appending(".docker")
        if let docker { files.append(docker.appending("config.json")) }
        return files
    }

    /// Finds the credential for a registry and one of its repositories.
    ///
    /// The first file that has one decides. Without any, `GITHUB_TOKEN` is used, for ghcr.io alone.
    ///
    /// - Parameter address: The repository.
    /// - Returns: The credential and its source, if there is one.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for a damaged file, or
    ///   `CancellationError`.
    func credential(for address: RegistryAddress) async throws -> Finding {
        var faults: [String] = []
        for path in files {
            guard let file = try CredentialFile.read(path) else { continue }
            if let (name, server) = file.helper(for: address) {
                let (credential, fault) = try await CredentialHelper.credential(name, server)
                if let credential {
                    return Finding(credential: credential, source: "docker-credential-\(name)")
                }
                if let fault { faults.append(fault) }
            }
            if let credential = file.credential(for: address) {
                return Finding(credential: credential, source: path.string)
            }
        }
        if address.registry == "ghcr.io", let token = environment["GITHUB_TOKEN"], !token.isEmpty {
            let user = environment["GITHUB_ACTOR"].flatMap { $0.isEmpty ? nil : $0 } ?? "x-access-token"
            return Finding(credential: .password(user: user, Secret(token)), source: "GITHUB_TOKEN")
        }
        return Finding(faults: faults)
    }
}
