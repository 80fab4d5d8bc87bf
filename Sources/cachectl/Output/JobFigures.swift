import CacheStore

/// The facts about a job that `cachectl summary` states, in figures, for its page and its JSON.
struct JobFigures {
    /// The archive that the job wrote.
    struct Packed {
        var path: String
        var summary: ArchiveSummary
        /// The modules and packages in the archive, if a list or a log needs them.
        var explanation: Explain.Report?
    }

    /// An earlier archive, and its differences from the new one.
    struct Base {
        var path: String
        var summary: ArchiveSummary
        var comparison: Diff.Report

        /// The length of the frames of the base that the new archive still uses, in bytes.
        var keptBytes: Int {
            max(0, summary.totals.all.storedBytes - comparison.allRemoved.storedBytes)
        }
    }

    /// An archive that can't be compared with, and the reason.
    struct MissingBase {
        var path: String
        var error: CacheStoreError

        /// Whether there is no such archive, as in a first run.
        var isAbsent: Bool { error.code == .notFound }

        /// The reason, as one sentence without a trailing period.
        var sentence: String {
            isAbsent ? "there is no earlier archive `\(path)` to compare with" : error.summary
        }
    }

    /// The state of a job's restore.
    enum Restored {
        /// Nothing is known about a restore.
        case unknown
        /// There was no cache to restore.
        case nothing
        /// A cache was restored.
        case record(RestoreRecord)
    }

    var packed: Packed
    var base: Base?
    var missingBase: MissingBase?
    var log: BuildLog?
    /// The errors of the logs that could not be read.
    var logErrors: [CacheStoreError] = []
    /// The log of the program that served GOCACHE to the job's go commands.
    var programLog: ProgramLog?
    /// The errors of the logs of that program that could not be read.
    var programLogErrors: [CacheStoreError] = []
    var restored = Restored.unknown
    /// The greatest wanted length of the new archive, in bytes.
    var budget: Int?

    /// The length of the new archive, in bytes.
    var fileBytes: Int { packed.summary.totals.fileBytes }

    /// The number of bytes by which the new archive is longer than the base; negative if it is shorter.
    var growth: Int? { base.map { fileBytes - $0.summary.totals.fileBytes } }

    /// The number of bytes over the budget, or `nil` within it.
    var excess: Int? { budget.flatMap { fileBytes > $0 ? fileBytes - $0 : nil } }

    /// The module that grew most, or `nil` if none grew.
    var largestGrowth: Diff.Report.Module? {
        guard let module = base?.comparison.modules.max(by: { $0.storedGrowth < $1.storedGrowth }),
            module.storedGrowth > 0
        else { return nil }
        return module
    }

    /// The import paths of the packages in the new archive, without programs.
    private var packages: Set<String> {
        let paths = packed.explanation?.packages.map(\.importPath) ?? []
        return Set(paths.filter { !Self.isProgram($0) })
    }

    /// The import paths of the programs and packages of no module that differ from the base.
    var changedUnowned: [String] {
        base?.comparison.packages.filter { $0.module.isEmpty }.map(\.importPath) ?? []
    }

    /// Returns a name for programs, and packages of no module in the archive.
    ///
    /// - Parameters:
    ///   - packages: Their import paths.
    ///   - mark: A function that returns a name as it is to be printed.
    /// - Returns: The name of the only one, the number of programs, or words for all of them.
    static func unowned(_ packages: [String], _ mark: (String) -> String) -> String {
        if packages.count == 1 { return mark(packages[0]) }
        return !packages.isEmpty && packages.allSatisfy(isProgram)
            ? HumanFormat.count(packages.count, "program", "programs")
            : "programs, and packages of no module here"
    }

    /// The import paths of the packages that the logs prove to be compiled, in order, or `nil` if none tells.
    var compiled: [String]? { log.flatMap { $0.commands > 0 ? $0.compiled.sorted() : nil } }

    /// The import paths that the log mentions, so that the job may have compiled the packages, in order.
    var mentioned: [String] { log?.mentioned(among: packages).sorted() ?? [] }

    /// The number of packages in the new archive that the logs, if they are whole, show not to be compiled,
    /// or `nil` if no log tells.
    var hits: Int? {
        guard let log, log.isConclusive, logErrors.isEmpty else { return nil }
        return packages.subtracting(log.compiled).subtracting(log.mentioned).count
    }

    /// Whether nothing was restored, and yet packages were in the cache before the logged commands.
    var isFilledByOthers: Bool {
        if case .nothing = restored { (hits ?? 0) > 0 } else { false }
    }

    /// The number of programs that the logs prove to be compiled, or `nil` if no log tells.
    var programsCompiled: Int? {
        log.flatMap { $0.commands > 0 ? $0.programs.count + $0.unnamedPrograms : nil }
    }

    private static func isProgram(_ importPath: String) -> Bool {
        importPath.hasPrefix("main (") || importPath == "main"
    }
}
