public import CacheStore
public import SystemPackage

/// An operation that writes the caches of an archive to a registry, as an image.
///
/// The image is the one that `Layers` writes as a layout on disk: manifest and blobs have the same bytes.
/// Each layer is sent as soon as it is made, unless the repository has it. The tag names the new image only
/// when the registry has all of it; a push that ends early leaves the old one.
public struct LayersPush: Sendable {
    /// The options of a push.
    public struct Options: Sendable {
        /// The options of the image.
        ///
        /// Those for the name of a layout mean nothing here.
        public var image = Layers.Options()

        /// An image in a registry to build on, in place of one in a layout.
        ///
        /// Its layers are mounted where it is in the same registry.
        public var base: RegistryAddress?

        /// Further tags that shall name the image.
        public var tags: [String] = []

        /// Another repository of the same registry that may have some of the blobs.
        public var mountedRepository: String?

        /// The directory for files without names that hold the layers until they are sent.
        public var scratch: FilePath = "/tmp"

        /// How many blobs are sent at once, at least 1.
        public var lanes = 4

        /// Creates options with the defaults above.
        public init() {}
    }

    /// A report on a push.
    public struct Report: Sendable {
        /// The image.
        public var image: Layers.Report
        /// The bytes of blobs that were sent.
        public var sentBytes = 0
        /// The bytes of blobs that the repository had.
        public var presentBytes = 0
        /// The bytes of blobs that the registry had in another repository.
        public var mountedBytes = 0
    }

    /// The options of the push.
    public var options: Options

    /// Creates a push.
    public init(options: Options = Options()) { self.options = options }

    /// Writes an image to a registry.
    ///
    /// - Parameters:
    ///   - reference: The archive.
    ///   - address: The image; its tag is the name that it gets. With a digest in place of a tag, the push
    ///     fails.
    ///   - client: The client to use.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the image, and on what was sent.
    /// - Throws: The errors of `Layers`; ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``,
    ///   ``CacheStoreError/Code/exists`` if a tag names archives, ``CacheStoreError/Code/accessDenied`` or
    ///   ``CacheStoreError/Code/network``; or `CancellationError`.
    /// - Complexity: O(*n*) in the bytes of the members; memory as for `Layers`, and a few MiB per blob that
    ///   is sent at once; in the scratch directory, room for the layers.
    @discardableResult
    public func run(
        _ reference: any ArchiveReference,
        to address: RegistryAddress,
        client: RemoteClient,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let tag = try address.tag()
        try options.image.check()
        let archive = try reference.open()
        let registry = Registry(address, client: client)
        return try await ProgressCounters.reporting(to: progress) { [options] counters in
            try await registry.checkKind(of: [tag] + options.tags, archives: false)
            return try await RegistryBase.explaining(in: options.scratch) {
                guard let base = options.base else {
                    return try await send(
                        Layers(options: options.image),
                        archive,
                        to: registry,
                        tag,
                        counters
                    )
                }
                return try await RegistryBase.with(base, client: client, in: options.scratch) {
                    files,
                    place in
                    var layers = Layers(options: options.image)
                    (layers.options.base, layers.baseFiles) = (place, files)
                    return try await send(layers, archive, to: registry, tag, counters)
                }
            }
        }
    }

    private func send(
        _ layers: Layers,
        _ archive: Archive,
        to registry: Registry,
        _ tag: String,
        _ counters: ProgressCounters
    ) async throws -> Report {
        let base = options.base.flatMap { $0.registry == registry.address.registry ? $0.repository : nil }
        let delivery = ImageDelivery(to: registry, lanes: options.lanes, counters) { [options] kind in
            kind == .baseLayer && base != nil ? base : options.mountedRepository
        }
        let image = try await delivery.run { [options] take in
            try await layers.run(archive, scratch: options.scratch, counters, take)
        }
        try await delivery.finish(tags: [tag] + options.tags)
        var report = Report(image: image)
        for (size, way) in delivery.blobs.values {
            switch way {
            case .sent: report.sentBytes += size
            case .present: report.presentBytes += size
            case .mounted: report.mountedBytes += size
            }
        }
        return report
    }
}

extension Layers {
    /// Writes an image upon an image in a registry.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - base: The image to build on, in place of one in a layout.
    ///   - client: The client to use.
    ///   - scratch: The directory for the layers of the base until the image is written.
    ///   - path: The directory of the layout. It appears under this name when it is whole, or not at all.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on the layers that were written.
    /// - Throws: The errors of `Layers`; or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/accessDenied`` or ``CacheStoreError/Code/network``.
    @discardableResult
    public func run(
        _ archive: some ArchiveReference,
        above base: RegistryAddress,
        client: RemoteClient,
        scratch: FilePath = "/tmp",
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        try options.check()
        return try await RegistryBase.explaining(in: scratch) {
            try await RegistryBase.with(base, client: client, in: scratch) { files, place in
                var layers = self
                (layers.options.base, layers.baseFiles) = (place, files)
                return try await layers.run(archive, to: path, progress: progress)
            }
        }
    }
}
