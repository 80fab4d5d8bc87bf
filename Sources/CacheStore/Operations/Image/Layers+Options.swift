public import SystemPackage

extension Layers {
    /// Options of ``Layers``.
    public struct Options: Hashable, Sendable {
        /// The compression of layers.
        public enum Compression: String, Hashable, Sendable, CaseIterable {
            /// `tar+zstd`: frames of large outputs are taken from the archive as they are.
            case zstd
            /// `tar+gzip`, for engines that do not know zstd: everything is compressed again.
            case gzip
        }

        // MARK: What comes out

        /// The caches' directories in the image, absolute; a cache that is `nil` is left out.
        public var caches = GoCaches(buildCache: "/var/cache/go-build", moduleCache: "/var/cache/go-mod")

        /// The labels of the sources to take; `nil` for all.
        public var only: [String]?

        /// The users of the caches: ``CacheProfile/image`` or ``CacheProfile/readonly``.
        public var profile = CacheProfile.image

        /// Whether to cut the caches into layers by sources and modules, so that images share layers, and later ones
        /// have most of them again.
        public var splits = false

        /// The owner of the files.
        public var owner = FileOwner()

        /// The compression of layers.
        public var compression = Compression.zstd

        /// The level of compression, 1 to 19 for zstd and 1 to 9 for gzip; `nil` for 3 and 6.
        public var level: Int?

        // MARK: The image

        /// An image that comes below the caches.
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

        /// The number of threads, or `nil` for one per processor; it changes nothing but the time.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init() {}

        /// The place of an image that another is built upon.
        public struct BaseReference: Hashable, Sendable {
            /// The directory of its layout.
            public var layout: FilePath

            /// The name of the image in the layout, needed where the layout holds several.
            public var tag: String?

            /// Names an image.
            public init(layout: FilePath, tag: String? = nil) { (self.layout, self.tag) = (layout, tag) }
        }
    }
}

extension Layers.Options {
    /// Returns the levels of a compression.
    static func levels(of compression: Compression) -> ClosedRange<Int> {
        compression == .zstd ? ZstdCompressor.levels : GzipCompressor.levels
    }

    /// The level to use.
    var effectiveLevel: Int { level ?? (compression == .zstd ? 3 : 6) }
}
