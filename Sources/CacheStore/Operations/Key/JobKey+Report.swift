extension JobKey {
    /// The key of a job, and its parts.
    public struct Report: Hashable, Sendable {
        /// A setting that decides whether entries hit.
        public struct Setting: Hashable, Sendable {
            /// The name of the setting.
            public var name: String
            /// The value.
            public var value: String
        }

        /// The beginning of the key.
        public var prefix: String

        /// The system of the builds, for example `linux`.
        public var system: String

        /// The architecture of the builds, for example `amd64`.
        public var architecture: String

        /// The version of Go, for example `go1.25.5`.
        public var version: String

        /// The other settings that decide whether entries hit, ordered by name.
        public var settings: [Setting]

        /// The SHA-256 of ``settings``, of which the key has the first 12 digits.
        public var settingsDigest: ObjectID

        /// The paths, relative to the checkout, of the `go.sum` files that name modules, in order.
        ///
        /// They are those that builds in the checkout use, such as `../go.sum`, and those below it.
        public var sumFiles: [String]

        /// The SHA-256 of these files and their paths, of which the key has the first 16 digits.
        ///
        /// It depends on the set of a file's lines, and not on their order or their ends.
        public var sumsDigest: ObjectID

        /// The circumstances in which the key does not change with the modules of the job.
        public var warnings: [Warning] = []

        init(
            prefix: String,
            environment: GoEnvironment,
            settings: [Setting],
            sums: CheckoutSums
        ) {
            self.prefix = prefix
            system = environment["GOOS"]
            architecture = environment["GOARCH"]
            version = environment["GOVERSION"]
            self.settings = settings
            let text = settings.map { "\($0.name)=\($0.value)\n" }.joined()
            settingsDigest = ContentHasher.hash(Array(text.utf8).span)
            sumFiles = sums.files.map(\.path)
            sumsDigest = sums.digest
        }

        /// The parts of the key that name the toolchain and the target, with a `-` at the end.
        private var toolchain: String {
            [prefix, system, architecture, version].map(Self.plain).joined(separator: "-") + "-"
        }

        private var toolchainAndSettings: String { toolchain + settingsDigest.description.prefix(12) + "-" }

        /// The key.
        public var key: String { toolchainAndSettings + sumsDigest.description.prefix(16) }

        /// The beginnings of older keys whose caches are worth restoring, the nearest first.
        ///
        /// First come caches that were made with other modules, and then caches that were made with other
        /// settings, too. No entry of another version of Go or of another target would hit, so there are no
        /// more.
        public var fallbacks: [String] { [toolchainAndSettings, toolchain] }

        /// Returns a text with `_` for each character that a key may not have everywhere.
        private static func plain(_ text: String) -> String {
            let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
            return String(text.map { allowed.contains($0) ? $0 : "_" })
        }
    }
}
