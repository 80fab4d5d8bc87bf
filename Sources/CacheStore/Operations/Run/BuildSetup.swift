import FoundationEssentials
public import SystemPackage

/// The preparation of a command that builds: what it needs of some archives, and the variables by which Go
/// finds it.
///
/// The modules that the directory's go.sum names are restored from the archives. From Go 1.24 on, the entries
/// of GOCACHE are left to a ``CacheProgram``. An earlier Go asks no program, so the entries of the sources
/// that were packed with the same Go are restored.
///
/// All of each archive's index is checked. An archive that can't be read, or whose index is wrong, is left
/// out with a warning: builds then download and compile more.
public struct BuildSetup: Sendable {
    /// Options of a ``BuildSetup``.
    public struct Options: Sendable {
        /// The directory in which the command builds.
        public var directory: FilePath

        /// The directories whose go.sum files name the modules; at first, ``directory`` alone.
        public var moduleDirectories: [FilePath]

        /// The Go command that the command uses.
        public var go = GoCommand()

        /// The words that start the cache program, without the archives, which are appended.
        public var program: [String] = []

        /// Whether an archive that can't be read, or whose index is wrong, is an error.
        public var isStrict = false

        /// The number of threads, or `nil` for one per processor; it changes only the time.
        public var jobs: Int?

        /// Creates options with the defaults above.
        ///
        /// - Parameter directory: The directory in which the command builds.
        public init(directory: FilePath) {
            self.directory = directory
            moduleDirectories = [directory]
        }
    }

    /// The options of the preparation.
    public var options: Options

    /// Creates a preparation.
    public init(options: Options) { self.options = options }

    /// A report on a preparation.
    public struct Report: Hashable, Sendable {
        /// The variables that the command needs, by name; variables that it has already are not among them.
        public var variables: [String: String] = [:]

        /// Whether an archive can be read.
        public var hasArchives = false

        /// The number of modules that the directories need; `nil` if nothing names them.
        public var neededModules: Int?

        /// The number of modules that were restored.
        public var restoredModules = 0

        /// The number of modules that neither GOMODCACHE nor an archive has.
        ///
        /// Builds download those that they need. A go.sum names more modules than a build needs.
        public var absentModules = 0

        /// The number of entries of GOCACHE that were restored, or were right already; `nil` if a program
        /// serves them.
        public var restoredEntries: Int?

        /// The length of the files that were written, in bytes.
        public var bytesWritten = 0

        /// Warnings of archives and modules that are missing, and of entries that will miss.
        public var warnings: [Warning] = []
    }

    /// Restores what the command needs.
    ///
    /// - Parameters:
    ///   - archives: The archives, in the order in which modules and entries are taken from them.
    ///   - progress: Called with the progress of the work.
    /// - Returns: A report with the variables that the command needs.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/goCommand``, ``CacheStoreError/Code/wrongSum``
    ///   if a module of an archive is not that of go.sum, ``CacheStoreError/Code/badArgument`` for a program
    ///   that GOCACHEPROG can't name, with ``Options/isStrict`` also for such an archive, and the errors of
    ///   ``Archive/init(opening:)``, ``Archive/summary()`` and ``Restore``, or as the system says for
    ///   GOMODCACHE), or `CancellationError`.
    /// - Complexity: That of ``Archive/summary()`` for each archive, and of a ``Restore`` of the modules that
    ///   are missing.
    public func run(_ archives: [any ArchiveReference], progress: ProgressHandler? = nil) async throws
        -> Report
    {
        var work = BuildSetupOperation(options, progress)
        try await work.run(archives)
        return work.report
    }
}
