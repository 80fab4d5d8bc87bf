import CacheStore
import Glibc
import SystemPackage

/// The places in which users keep credentials for registries.
struct CredentialStore: Sendable {
    /// The environment of the process.
    let environment: [String: String]

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
    /// - Returns: The credential, or `nil` if there is none. `faults` says in words which helper programs did
    ///   not answer.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for a damaged file, or
    ///   `CancellationError`.
    func credential(
        for address: RegistryAddress
    ) async throws -> (credential: Credential?, faults: [String]) {
        var faults: [String] = []
        for path in files {
            guard let file = try CredentialFile.read(path) else { continue }
            if let (name, server) = file.helper(for: address) {
                let (credential, fault) = try await CredentialHelper.credential(name, server)
                if let credential { return (credential, []) }
                if let fault { faults.append(fault) }
            }
            if let credential = file.credential(for: address) { return (credential, []) }
        }
        if address.registry == "ghcr.io", let token = environment["GITHUB_TOKEN"], !token.isEmpty {
            let user = environment["GITHUB_ACTOR"].flatMap { $0.isEmpty ? nil : $0 } ?? "x-access-token"
            return (.password(user: user, Secret(token)), [])
        }
        return (nil, faults)
    }
}
