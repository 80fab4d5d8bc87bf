import CacheStore
import FoundationEssentials
import SystemPackage

/// An image in a registry that another image is built upon, in a layout that is removed afterwards.
///
/// The layout has the manifest that the address names. Other files come when they are needed: of an image for
/// several platforms, those of one.
final class RegistryBase: BaseFiles {
    /// The address of the image.
    let address: RegistryAddress

    private let registry: Registry
    private let scratch: ScratchDirectory
    private let blobs: FilePath

    /// How many blobs are fetched at once.
    private static let lanes = 4

    private init(_ address: RegistryAddress, _ registry: Registry, _ scratch: ScratchDirectory) {
        (self.address, self.registry, self.scratch) = (address, registry, scratch)
        blobs = scratch.path.appending("blobs/sha256")
    }

    /// Calls `body` with an image in a registry, and removes its layout afterwards.
    ///
    /// - Parameters:
    ///   - address: The address of the image.
    ///   - client: The client to use.
    ///   - directory: The directory for the layout.
    ///   - body: Called with the files of the image, and with its place.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`, which speaks of the address where it speaks of a file of the layout; or
    ///   ``CacheStoreError`` as ``Registry/manifest(_:)`` throws it, or as the system says.
    static func with<Result>(
        _ address: RegistryAddress,
        client: RemoteClient,
        in directory: FilePath,
        _ body: (RegistryBase, Layers.Options.BaseReference) async throws -> Result
    ) async throws -> Result {
        let scratch = try ScratchDirectory(in: directory, name: "cachestore-base")
        defer { scratch.remove() }
        let base = RegistryBase(address, Registry(address, client: client), scratch)
        do {
            try await base.begin()
            return try await body(base, Layers.Options.BaseReference(layout: scratch.path))
        } catch let error as CacheStoreError {
            throw base.naming(error)
        }
    }

    /// Writes the layout with the manifest that the address names.
    private func begin() async throws {
        let manifest = try await registry.manifest(address.reference)
        do {
            try FileManager.default.createDirectory(atPath: blobs.string, withIntermediateDirectories: true)
        } catch {
            throw CacheStoreError(.io, "cannot create a directory", path: blobs, cause: error)
        }
        try write(manifest)
        let entry: JSONValue = [
            "mediaType": .string(manifest.mediaType),
            "digest": .string("sha256:\(manifest.digest)"),
            "size": .integer(manifest.bytes.count),
        ]
        let index: JSONValue = ["schemaVersion": .integer(2), "manifests": .array([entry])]
        try Self.write(Array(index.text.utf8), to: scratch.path.appending("index.json"))
    }

    // MARK: - Files

    func bring(manifest digest: ObjectID) async throws {
        try write(try await registry.manifest(.digest(digest)))
    }

    func bring(
        blobs: [(digest: ObjectID, byteCount: Int)],
        _ progress: @escaping @Sendable (Int) -> Void
    ) async throws {
        // Long ones first, so that none of them is left at the end.
        let order = blobs.sorted { $0.byteCount > $1.byteCount }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, blob) in order.enumerated() {
                if index >= Self.lanes { _ = try await group.next() }
                group.addTask { [self] in try await bring(blob.digest, blob.byteCount, progress) }
            }
            try await group.waitForAll()
        }
    }

    /// Fetches a blob, whose content is checked when it is read from the layout.
    private func bring(
        _ digest: ObjectID,
        _ byteCount: Int,
        _ progress: @escaping @Sendable (Int) -> Void
    ) async throws {
        let blob = try await registry.blob(digest, byteCount: byteCount, name: address.description)
        let path = blobs.appending(digest.description)
        let file = try Self.create(path)
        defer { try? file.close() }
        try await blob.read(0..<byteCount) { piece in
            do {
                var rest = piece
                while !rest.isEmpty {
                    let count = try unsafe rest.withUnsafeBytes { try unsafe file.write($0) }
                    rest = rest.extracting(count..<rest.count)
                }
            } catch {
                throw Self.failure(path, error)
            }
            progress(piece.count)
        }
    }

    private func write(_ manifest: Registry.Manifest) throws(CacheStoreError) {
        try Self.write(manifest.bytes, to: blobs.appending(manifest.digest.description))
    }

    private static func write(_ bytes: [UInt8], to path: FilePath) throws(CacheStoreError) {
        let file = try create(path)
        defer { try? file.close() }
        do { try file.writeAll(bytes) } catch { throw failure(path, error) }
    }

    private static func create(_ path: FilePath) throws(CacheStoreError) -> FileDescriptor {
        do {
            return try FileDescriptor.open(
                path,
                .writeOnly,
                options: [.create, .truncate, .closeOnExec],
                permissions: [.ownerReadWrite, .groupReadWrite, .otherReadWrite]
            )
        } catch { throw failure(path, error) }
    }

    private static func failure(_ path: FilePath, _ error: any Error) -> CacheStoreError {
        let isFull = [Errno.noSpace, .diskQuotaExceeded].contains { error as? Errno == $0 }
        return CacheStoreError(isFull ? .noSpace : .io, "cannot write", path: path, cause: error)
    }

    /// Calls `body`, and adds to an error on the directory for temporary files that another may be named.
    static func explaining<Result>(
        in directory: FilePath,
        _ body: () async throws -> Result
    ) async throws -> Result {
        do {
            return try await body()
        } catch let error as CacheStoreError {
            guard let path = error.path,
                error.code == .noSpace && path.starts(with: directory) || path == directory
            else { throw error }
            throw CacheStoreError(
                error.code == .notFound ? .io : error.code,
                error.message,
                path: path,
                remedy: .chooseScratch,
                cause: error.cause
            )
        }
    }

    /// Returns an error that names the address in place of a file of the layout, which is gone then.
    private func naming(_ error: CacheStoreError) -> CacheStoreError {
        // An image can't be pulled as an archive.
        if error.remedy == .downloadFirst {
            return CacheStoreError(error.code, error.message, cause: error.cause)
        }
        guard let path = error.path, path.starts(with: scratch.path), error.code != .noSpace else {
            return error
        }
        return CacheStoreError(
            error.code,
            "`\(address)`: \(error.message)",
            remedy: error.remedy,
            cause: error.cause
        )
    }
}
