public import CacheStore
public import SystemPackage

/// An operation that writes archives to a registry, as an artifact with a tag.
///
/// Each archive becomes a layer. An artifact of several archives names their union. Blobs that the repository
/// has are not sent again. The tag names the new artifact only when the registry has all of it; a push that
/// ends early leaves the old one.
public struct Push: Sendable {
    /// The options of a push.
    public struct Options: Sendable {
        /// An artifact of the same repository whose frames are used again; `nil` to send whole archives.
        ///
        /// Only one archive can be pushed so. The artifact that is written holds exactly that archive. Where
        /// there is no such artifact yet, or its frames are of too little use, the whole archive is sent.
        public var onto: RegistryAddress.Reference?

        /// Another repository of the same registry that may have some of the blobs.
        public var mountedRepository: String?

        /// Further tags that shall name the artifact.
        public var tags: [String] = []

        /// The directory for files without names that hold what is read of other artifacts.
        public var scratch: FilePath = "/tmp"

        /// The greatest number of layers of an artifact that uses another's frames again.
        public var mostLayers = 8

        /// Creates options with the defaults above.
        public init() {}
    }

    /// A report on a push.
    public struct Report: Sendable {
        /// The digest of the artifact's manifest.
        public var digest: ObjectID
        /// The digests of the archives.
        public var archiveDigests: [ObjectID] = []
        /// The number of layers of the artifact.
        public var layers = 0
        /// The length of the layers and the configuration, in bytes.
        public var allBytes = 0
        /// The bytes of blobs that were sent.
        public var sentBytes = 0
        /// The bytes of blobs that the repository had.
        public var presentBytes = 0
        /// The bytes of blobs that the registry had in another repository.
        public var mountedBytes = 0
        /// The length of the archives, in bytes.
        public var archiveBytes = 0
        /// Why the whole archive was sent, although an artifact was named to use again; `nil` if it was used.
        public var wholeReason: WholeReason?
    }

    /// A reason to send a whole archive, although an artifact was named whose frames might be used again.
    public enum WholeReason: String, Error, Sendable {
        /// There is no such artifact.
        case absent
        /// The artifact would have too many layers.
        case layers
        /// More than half of the artifact would be frames that the archive does not use.
        case deadFrames
        /// The artifact has hardly any frame of the archive.
        case noGain
        /// The frames would lie in more pieces than a reader accepts.
        case pieces
    }

    /// The options of the push.
    public var options: Options

    /// Creates a push.
    public init(options: Options = Options()) { self.options = options }

    /// Writes archives to a registry.
    ///
    /// - Parameters:
    ///   - references: The archives, at least one.
    ///   - address: The artifact; its tag is the name that it gets. With a digest in place of a tag, the
    ///     push fails.
    ///   - client: The client to use.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report on what was sent.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``,
    ///   ``CacheStoreError/Code/accessDenied``, ``CacheStoreError/Code/network``,
    ///   ``CacheStoreError/Code/exists`` if a tag names no archives,
    ///   ``CacheStoreError/Code/duplicateLabel`` or ``CacheStoreError/Code/corruptArchive``, or
    ///   `CancellationError`.
    /// - Complexity: O(*n*) in the length of the archives; what is sent is read twice, because a blob's name
    ///   is its SHA-256.
    @discardableResult
    public func run(
        _ references: [any ArchiveReference],
        to address: RegistryAddress,
        client: RemoteClient,
        progress: ProgressHandler? = nil
    ) async throws -> Report {
        let tag = try address.tag()
        guard !references.isEmpty else { throw CacheStoreError(.badArgument, "there is no archive to push") }
        guard options.onto == nil || references.count == 1 else {
            throw CacheStoreError(
                .badArgument,
                "only one archive at a time can use the frames of another artifact again",
                remedy: .uniteFirst
            )
        }
        var archives: [Archive] = []
        for reference in references { archives.append(try reference.open()) }
        let tags = [tag] + options.tags
        return try await ProgressCounters.reporting(to: progress) { [archives] counters in
            counters.begin("reading indexes", bytes: 0, items: 0)
            let registry = Registry(address, client: client)
            try await registry.checkKind(of: tags, archives: true)
            var content = try await whole(archives, counters)
            var reason: WholeReason?
            if let onto = options.onto {
                let join = PushJoin(archive: archives[0], whole: content, options: options)
                switch try await join.run(in: registry, onto, client, counters) {
                case .success(let joined): content = joined
                case .failure(let found): reason = found
                }
            }
            for archive in archives { try archive.throwIfChanged() }
            do {
                return try await send(content, archives, tags, registry, reason, counters)
            } catch let error as CacheStoreError {
                // The registry refuses other bytes than those that were checked.
                for archive in archives { try archive.throwIfChanged() }
                throw error
            }
        }
    }

    /// An artifact and the content of its blobs.
    struct Content: Sendable {
        var manifest: ArtifactManifest
        /// The blobs that the repository may lack, by their digests.
        var blobs: [ObjectID: any RemoteFile] = [:]
        var archiveDigests: [ObjectID] = []
    }

    /// Makes an artifact of whole archives.
    private func whole(_ archives: [Archive], _ counters: ProgressCounters) async throws -> Content {
        var content = Content(manifest: ArtifactManifest(layers: []))
        counters.begin("hashing", bytes: archives.reduce(0) { $0 + $1.fileBytes }, items: 0)
        for archive in archives {
            let summary = try await archive.summary()
            let digest = try await archive.checkedDigest(counters)
            content.blobs[digest] = try archive.file()
            content.archiveDigests.append(summary.digest)
            content.manifest.layers.append(Self.layer(archive, summary, digest))
        }
        // What readers would refuse is refused before anything is sent.
        _ = try await Union().archive(uniting: archives, named: "the artifact", scratch: options.scratch)
        return content
    }

    /// Describes an archive as a layer.
    private static func layer(
        _ archive: Archive,
        _ summary: ArchiveSummary,
        _ digest: ObjectID
    ) -> ArtifactManifest.Layer {
        func values(_ value: (GoEnvironment) -> String) -> [String] {
            Set(summary.sources.map { value($0.environment) }).subtracting(["", "/"]).sorted()
        }
        return ArtifactManifest.Layer(
            digest: digest,
            byteCount: archive.fileBytes,
            title: archive.path.lastComponent?.string,
            archiveDigest: summary.digest,
            indexDigest: archive.indexDigest,
            frameByteCount: archive.frameByteCount,
            labels: summary.sources.map(\.label),
            goVersions: values { $0["GOVERSION"] },
            targets: values { "\($0["GOOS"])/\($0["GOARCH"])" }
        )
    }

    private func send(
        _ content: Content,
        _ archives: [Archive],
        _ tags: [String],
        _ registry: Registry,
        _ reason: WholeReason?,
        _ counters: ProgressCounters
    ) async throws -> Report {
        let manifest = content.manifest
        let sizes =
            manifest.layers.map { ($0.digest, $0.byteCount) }
            + (manifest.assembly.map { [($0.digest, $0.byteCount)] } ?? [])
        let most = sizes.reduce(0) { $0 + (content.blobs[$1.0] == nil ? 0 : $1.1) }
        counters.begin("sending", bytes: most, items: 0)
        let (digest, deliveries) = try await registry.push(
            manifest,
            blobs: content.blobs,
            mountingFrom: options.mountedRepository,
            tags: tags
        ) {
            counters.add(bytes: $0, items: 0)
        }
        var report = Report(digest: digest)
        report.archiveDigests = content.archiveDigests
        report.layers = manifest.layers.count
        report.archiveBytes = archives.reduce(0) { $0 + $1.fileBytes }
        report.wholeReason = reason
        for (digest, size) in Dictionary(sizes, uniquingKeysWith: { first, _ in first }) {
            report.allBytes += size
            switch deliveries[digest] {
            case .sent: report.sentBytes += size
            case .mounted: report.mountedBytes += size
            case .present, nil: report.presentBytes += size
            }
        }
        return report
    }
}
