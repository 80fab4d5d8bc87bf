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
    var log: BuildLog?
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
        return Set(paths.filter { !$0.hasPrefix("main (") && $0 != "main" })
    }

    /// The import paths of the packages that the job compiled, in order.
    var compiled: [String]? { log.map { $0.compiled(among: packages).sorted() } }

    /// The number of packages in the new archive that the job did not compile.
    var hits: Int? { log.map { packages.subtracting($0.compiled(among: packages)).count } }
}
