public import SystemPackage

/// Who owns the files of a layer.
public struct FileOwner: Hashable, Sendable {
    /// The number of the user.
    public var user = 0

    /// The number of the group.
    public var group = 0

    /// Names an owner; root unless told otherwise.
    public init(user: Int = 0, group: Int = 0) { (self.user, self.group) = (user, group) }
}

/// How to write an image.
public struct LayerOptions: Hashable, Sendable {
    /// How layers are compressed.
    public enum Compression: String, Hashable, Sendable, CaseIterable {
        /// `tar+zstd`: frames of large outputs are taken from the archive as they are.
        case zstd
        /// `tar+gzip`, for engines that do not know the other: all is compressed again.
        case gzip
    }

    // MARK: What comes out

    /// The caches' directories in the image, absolute; what is `nil` is left out.
    public var caches = GoCaches(buildCache: "/var/cache/go-build", moduleCache: "/var/cache/go-mod")

    /// The labels of the sources to take; `nil` for all.
    public var only: [String]?

    /// Who will use the caches: ``CacheProfile/image`` or ``CacheProfile/readonly``.
    public var profile = CacheProfile.image

    /// Whether to cut the caches into layers by sources and modules, so that images share layers, and later ones
    /// have most of them again.
    public var splits = false

    /// Who owns the files.
    public var owner = FileOwner()

    /// How layers are compressed.
    public var compression = Compression.zstd

    /// How hard, 1 to 19 for zstd and 1 to 9 for gzip; `nil` for 3 and 6.
    public var level: Int?

    // MARK: The image

    /// An image layout whose image comes below the caches, and its tag, which is needed where it holds several.
    public var base: BaseReference?

    /// Whether the image's environment names the caches.
    public var setsEnvironment = true

    /// The name of the image in its layout.
    public var tag: String?

    /// The architecture, as Go names it; `nil` for the base's, or that of the sources.
    public var architecture: String?

    /// Whether the layout may replace another.
    public var overwrite = false

    // MARK: How fast

    /// The number of threads, or `nil` for one a processor; it changes nothing but the time.
    public var jobs: Int?

    /// Creates options with the defaults above.
    public init() {}

    /// Where an image lies that another is built upon.
    public struct BaseReference: Hashable, Sendable {
        /// The directory of its layout.
        public var layout: FilePath

        /// Its name there.
        public var tag: String?

        /// Names an image.
        public init(layout: FilePath, tag: String? = nil) { (self.layout, self.tag) = (layout, tag) }
    }
}

extension LayerOptions {
    /// The levels of a compression.
    static func levels(of compression: Compression) -> ClosedRange<Int> {
        compression == .zstd ? ZstdCompressor.levels : GzipCompressor.levels
    }

    /// The level to use.
    var effectiveLevel: Int { level ?? (compression == .zstd ? 3 : 6) }
}
