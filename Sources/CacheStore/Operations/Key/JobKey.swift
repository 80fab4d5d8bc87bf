public import SystemPackage

/// An operation that computes the key under which a job's caches are kept from one run to the next.
///
/// The key has six parts, with `-` between them: a prefix, GOOS, GOARCH, the version of Go, a hash of all
/// other settings that decide whether entries hit, and a hash of the `go.sum` files that builds in the
/// checkout use, and of those below it. Two jobs with the same key can use each other's caches. The key does
/// not depend on the time, the machine, the sources of the checkout, or settings that no entry depends on.
///
/// A flag that is given to `go build` alone, such as `-race`, is not known here: jobs that differ in such a
/// flag need different prefixes, or the flag in GOFLAGS.
public struct JobKey: Sendable {
    /// Options of a ``JobKey``.
    public struct Options: Sendable {
        /// The beginning of the key: see ``Source/isValid(label:)``.
        public var prefix = "go"

        /// The Go command to ask, without a directory.
        public var go = GoCommand()

        /// Creates options with the defaults above.
        public init() {}

        /// Checks the options, as ``JobKey/run(in:)`` does before anything else.
        ///
        /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
        public func check() throws(CacheStoreError) {
            guard Source.isValid(label: prefix) else {
                throw CacheStoreError(
                    .badArgument,
                    prefix.isEmpty
                        ? "the beginning of the key is empty" : "`\(prefix)` can't be the beginning of a key",
                    remedy: .chooseKeyPrefix
                )
            }
        }
    }

    /// The options of the key.
    public var options: Options

    /// Creates an operation.
    public init(options: Options = Options()) { self.options = options }

    /// Computes the key of a job that builds in a directory.
    ///
    /// - Parameter directory: The directory of the job's sources. Its path is a part of keys of its packages,
    ///   unless GOFLAGS has `-trimpath`.
    /// - Returns: The key and its parts.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/badArgument``,
    ///   ``CacheStoreError/Code/goCommand`` if the Go command can't be asked,
    ///   ``CacheStoreError/Code/notFound`` if there is no such directory, or as the system says), or
    ///   `CancellationError`.
    public func run(in directory: FilePath) async throws -> Report {
        try options.check()
        try await WorkerThreads.perform {
            try CheckoutSums.checkDirectory(directory, "so the job can't have a key", remedy: .nameSources)
        }
        let directory = directory.absolute
        var go = options.go
        go.directory = directory
        let environment = try await go.environment()
        // The caches may lie in the checkout, and hold files of the same names.
        let own = try await go.variables(["GOCACHE"])
        let others = [own["GOCACHE"] ?? "", environment["GOMODCACHE"], environment["GOROOT"]].map {
            FilePath($0)
        }
        let modules = try await BuildModules(in: directory, asking: go)
        let sums = try await WorkerThreads.perform {
            try CheckoutSums(of: directory, modules, apartFrom: others)
        }
        var report = Report(
            prefix: options.prefix,
            environment: environment,
            settings: KeySettings(environment, checkout: directory).values,
            sums: sums
        )
        report.warnings = try await WorkerThreads.perform { try Self.warnings(of: sums, in: directory) }
        return report
    }

    /// Returns the warnings that a key does not tell modules apart.
    private static func warnings(
        of sums: CheckoutSums,
        in directory: FilePath
    ) throws(CacheStoreError) -> [Warning] {
        if let doubt = sums.modules.doubt {
            let message =
                "the key has the hashes of the go.sum files in `\(directory)` and beside the nearest go.mod "
                + "and go.work alone, because Go does not say which files count (\(doubt)): where builds use "
                + "others, the key stays the same when modules change"
            return [Warning(code: .unknownModules, message: message)]
        }
        guard sums.files.isEmpty else { return [] }
        let modules = try CheckoutModules(of: directory)
        if modules.isEmpty {
            let message =
                "Go finds no go.mod for builds in `\(directory)`, nor is there one below it: the key stays "
                + "the same when the modules of the job change, and its cache grows stale"
            return [Warning(code: .unknownModules, message: message, remedy: .nameSources)]
        }
        guard let file = modules.fileWithRequirements else { return [] }
        let message =
            "`\(file)` requires modules, and no go.sum has their hashes: the key stays the same when they "
            + "change, and builds may fail"
        return [Warning(code: .unknownModules, message: message, remedy: .makeSums)]
    }
}
