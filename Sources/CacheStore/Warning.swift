/// A circumstance that did not stop an operation, but that its user should know.
public struct Warning: Hashable, Sendable {
    /// The kind of a warning.
    ///
    /// The type is a struct rather than an enum, so that a later release can add a code without breaking a
    /// caller's `switch`.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The code's name, for example `goVersion`.
        public let rawValue: String

        /// Creates a code, whether or not this version knows it.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// Sources were built with different Go versions or targets.
        public static let goVersion = Code(rawValue: "goVersion")
        /// Sources were built under different GOMODCACHE paths, or the path in the target differs from
        /// theirs.
        public static let moduleCachePath = Code(rawValue: "moduleCachePath")
        /// Other settings differ that are part of the keys of all entries.
        public static let goSettings = Code(rawValue: "goSettings")
        /// Entries made by cgo are hits, although they were made with the headers of another distribution.
        public static let distribution = Code(rawValue: "distribution")
        /// A zip could not be made from a tree, or Go can't unpack a zip because nobody can write there.
        public static let moduleZip = Code(rawValue: "moduleZip")
        /// An archive holds another pack with the same label.
        public static let duplicateLabel = Code(rawValue: "duplicateLabel")
        /// No Go environment was recorded.
        public static let noEnvironment = Code(rawValue: "noEnvironment")
        /// A module has a name that image layers give another meaning, so the module travels as its zip.
        public static let whiteoutName = Code(rawValue: "whiteoutName")
        /// Other toolchains or targets compiled packages than the recorded environment states.
        public static let packageOrigins = Code(rawValue: "packageOrigins")
        /// Fuzz corpora of the user are in GOCACHE, and are not packed.
        public static let fuzzCorpus = Code(rawValue: "fuzzCorpus")
        /// Some registries or engines refuse a layer of this length, or this number of layers.
        public static let layerSize = Code(rawValue: "layerSize")
        /// A cache that was packed holds no members, or is not there.
        public static let emptyCache = Code(rawValue: "emptyCache")
        /// Go could not be asked, so the settings of the jobs were not compared with those of builds here.
        public static let notCompared = Code(rawValue: "notCompared")
        /// Nothing tells whether a job has used members of a cache, so more or fewer are packed.
        public static let unknownUse = Code(rawValue: "unknownUse")
        /// A job has used nothing of a cache since the cache was restored.
        public static let nothingUsed = Code(rawValue: "nothingUsed")
        /// Nothing tells which modules a job uses, so its key does not change with them.
        public static let unknownModules = Code(rawValue: "unknownModules")
        /// Modules that a `go.sum` names are neither in an archive nor in GOMODCACHE.
        public static let absentModules = Code(rawValue: "absentModules")
        /// Go keeps the entries of builds with a program, and not in GOCACHE.
        public static let cacheProgram = Code(rawValue: "cacheProgram")
        /// A selection keeps no compiled package and no module of those that the inputs have.
        public static let nothingLeft = Code(rawValue: "nothingLeft")
        /// A pattern for names matches nothing.
        public static let unmatchedPattern = Code(rawValue: "unmatchedPattern")
        /// The output of a preview exists, so the operation itself would fail.
        public static let outputExists = Code(rawValue: "outputExists")
        /// The environment of an image leads builds to other directories than those of its caches.
        public static let unusedCache = Code(rawValue: "unusedCache")
        /// A member was left out, because it is damaged in the archive.
        public static let damagedMember = Code(rawValue: "damagedMember")
        /// A frame of an input is damaged, and the sound copy of another input took its place.
        public static let damagedInput = Code(rawValue: "damagedInput")
        /// An archive is damaged around its index, which is sound.
        public static let damagedTrailer = Code(rawValue: "damagedTrailer")
        /// A damaged archive has no index of its own any more, so the index of another one served.
        public static let foreignIndex = Code(rawValue: "foreignIndex")
        /// The index of an archive has bytes that its rows do not make, so it was written anew.
        public static let rewrittenIndex = Code(rawValue: "rewrittenIndex")
        /// A file that a repair was to take content from is no archive, or nothing of it is left.
        public static let uselessArchive = Code(rawValue: "uselessArchive")
        /// An archive, or an entry of it, can't be read, so a cache program answers with misses.
        public static let unservedArchive = Code(rawValue: "unservedArchive")
        /// A setting of the archives' jobs is not safe to take over for a command.
        public static let untakenSetting = Code(rawValue: "untakenSetting")
        /// GOCACHE can't be read, or does not take what a cache program stores.
        public static let unstoredEntry = Code(rawValue: "unstoredEntry")
        /// A cache program could not append to its log.
        public static let unwrittenLog = Code(rawValue: "unwrittenLog")
        /// A directory above a cache of an image keeps other users out.
        public static let closedDirectory = Code(rawValue: "closedDirectory")
        /// A server failed for a while, so requests are sent again.
        public static let networkRetry = Code(rawValue: "networkRetry")

        /// Compressing again has made the content of an archive larger.
        public static let largerContent = Code(rawValue: "largerContent")
    }

    /// The kind; stable across releases.
    public var code: Code

    /// One sentence, without a trailing period: the circumstance, and the misses that follow from it.
    public var message: String

    /// Advice to the reader, if ``message`` does not give it.
    public var remedy: Remedy?

    /// Creates a warning.
    public init(code: Code, message: String, remedy: Remedy? = nil) {
        self.code = code
        self.message = message
        self.remedy = remedy
    }
}
