import ArgumentParser
import CacheStore
import CacheStoreRemote
import SystemPackage

/// An archive that a command line names: by its path, or by its address on a server or in a registry.
struct ArchiveArgument: ExpressibleByArgument, Hashable, Sendable {
    /// The words of the command line, which may hold a secret.
    private let text: String

    /// Creates an argument; what it names is looked for when the archive is opened.
    init(argument: String) { text = argument }

    /// The help for archives that a command only reads.
    static let places = "a path, `https://HOST/FILE` or `oci://REGISTRY/REPOSITORY:TAG`"

    /// Whether the archive lies elsewhere.
    var isRemote: Bool { RemoteAddress.isAddress(text) }

    /// The words as they are shown: the query of an address, which may hold a secret, is left out.
    var name: String {
        guard isRemote else { return text }
        return (try? RemoteAddress(text))?.description ?? String(text.prefix { $0 != "?" })
    }

    /// The name in a form that is safe to print.
    var shown: String { HumanFormat.printable(name) }

    /// The path, or the address for messages.
    var path: FilePath { FilePath(name) }

    /// Opens the archive.
    ///
    /// - Throws: `CacheStoreError`, or `CancellationError`.
    func open() async throws -> Archive {
        guard isRemote else { return try local() }
        return try await open(by: Remote.archives)
    }

    private func open(by archives: RemoteArchives) async throws -> Archive {
        try await archives.open(address())
    }

    /// Opens the archive at the path.
    private func local() throws(CacheStoreError) -> Archive {
        do {
            return try Archive(opening: FilePath(text))
        } catch  where error.code == .notFound {
            // A name of an artifact without its `oci://` looks so.
            guard text.contains(/^(oci:\/*)?[a-z0-9-]+[.:][a-z0-9.:-]+\/[^ ]+$/) else { throw error }
            throw CacheStoreError(
                error.code,
                error.message,
                path: error.path,
                remedy: .nameRegistry,
                cause: error.cause
            )
        }
    }

    /// Returns the address.
    ///
    /// - Throws: `CacheStoreError` with code `badArgument` if it is none.
    func address() throws(CacheStoreError) -> RemoteAddress { try RemoteAddress(text) }

    /// Whether the address has a query, as a signed one has, which no other process may be told.
    var isSigned: Bool { isRemote && text.contains("?") }

    /// Returns a reference for an operation that can do without the archive, and tells the error itself.
    ///
    /// - Parameter archives: The way to archives that lie elsewhere.
    /// - Returns: The open archive, its path, or a reference that throws the error.
    /// - Throws: `CancellationError`.
    func reference(by archives: RemoteArchives) async throws -> any ArchiveReference {
        guard isRemote else { return path }
        do {
            return try await open(by: archives)
        } catch let error as CacheStoreError {
            return Unreachable(archivePath: path, error: error)
        }
    }

    /// An archive that could not be opened.
    private struct Unreachable: ArchiveReference {
        let archivePath: FilePath
        let error: CacheStoreError
        func open() throws(CacheStoreError) -> Archive { throw error }
    }

    /// Opens archives, in order.
    ///
    /// - Throws: The error of the first that can't be opened.
    static func open(_ arguments: [Self]) async throws -> [Archive] {
        var archives: [Archive] = []
        for argument in arguments { archives.append(try await argument.open()) }
        return archives
    }
}
