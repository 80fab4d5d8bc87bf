public import SystemPackage

extension Layers {
    /// Options of ``Layers``.
    public struct Options: Hashable, Sendable {
        /// The compression of layers.
        public enum Compression: String, Hashable, Sendable, CaseIterable {
            /// `tar+zstd`: frames of large outputs are taken from the archive as they are.
            case zstd
            /// `tar+gzip`, for engines that do not know zstd: all content is compressed again.
            case gzip
        }

        // MARK: Output

        /// The caches' directories in the image, absolute; a cache that is `nil` is left out.
        public var caches = GoCaches(buildCache: "/var/cache/go-build", moduleCache: "/var/cache/go-mod")

        /// The labels of the sources to take; `nil` for all.
        public var only: [String]?

        /// Patterns: modules and packages that at least one of them matches are taken; empty for all.
        ///
        /// Patterns match as those of ``Select/Options/included`` do, and what needs a member that is left
        /// out is left out, too. With patterns, all members are kept in memory.
        public var included: [Glob] = []

        /// Patterns: modules and packages that one of them matches are left out.
        public var excluded: [Glob] = []

        /// The intended use of the caches: ``CacheProfile/image`` or ``CacheProfile/readonly``.
        public var profile = CacheProfile.image

        /// Whether to cut the caches into layers by sources and modules.
        ///
        /// Images then share layers, and later images have most of the layers again.
        public var splits = false

        /// The owner of the files.
        public var owner = FileOwner()

        /// The compression of layers.
        public var compression = Compression.zstd

        /// The level of compression, 1 to 19 for zstd and 1 to 9 for gzip; `nil` for 3 with zstd and 6 with
        /// gzip.
        public var level: Int?

        // MARK: The image

        /// The image below the caches, if there is one.
        public var base: BaseReference?

        /// Whether the image's environment names the caches.
        public var setsEnvironment = true

        /// The name of the image in its layout.
        public var tag: String?

        /// The architecture, as Go names it; `nil` for that of the base or of the sources.
        public var architecture: String?

        /// Whether the layout may replace another layout.
        public var overwrite = false

        // MARK: Speed

        /// The number of threads, or `nil` for one per processor; it changes only the time.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init() {}

        /// The place of an image that another image is built upon.
        public struct BaseReference: Hashable, Sendable {
            /// The directory of the image's layout.
            public var layout: FilePath

            /// The name of the image in the layout, needed if the layout holds several images.
            public var tag: String?

            /// Creates a reference to an image.
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
