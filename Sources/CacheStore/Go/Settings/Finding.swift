/// One thing that decides whether builds here hit: a setting that differs, or something that can't be known.
public struct Finding: Hashable, Sendable {
    /// How bad it is; a later case is worse.
    public enum Severity: String, Hashable, Sendable, Comparable, CaseIterable {
        /// Nothing misses for it, but it should be known.
        case note
        /// What it does can't be told.
        case unknown
        /// Some packages are compiled again.
        case someMiss
        /// Everything is compiled again.
        case nothingHits

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        /// Whether one is less bad than the other.
        public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rank < rhs.rank }
    }

    /// What it is about; stable across releases.
    public enum Code: String, Hashable, Sendable {
        /// The Go version.
        case goVersion
        /// GOOS or GOARCH.
        case goTarget
        /// GOAMD64 or the like.
        case goLevel
        /// GOEXPERIMENT.
        case goExperiment
        /// A flag in GOFLAGS.
        case goFlags
        /// GOFIPS140.
        case goFIPS140
        /// CGO_ENABLED.
        case cgo
        /// A compiler that cgo uses, or its version.
        case compiler
        /// Flags of such a compiler.
        case compilerFlags
        /// GOMODCACHE.
        case moduleCachePath
        /// GOROOT.
        case goRoot
        /// The distribution, whose headers and libraries cgo uses.
        case distribution
        /// The path of the programs' own sources.
        case checkoutPath
        /// Nothing was recorded of a source.
        case unknownEnvironment
        /// The archive holds no entries of a build cache.
        case noEntries
        /// A module is not in GOMODCACHE, so that nothing can be said of the packages.
        case missingModule
        /// The packages can't be loaded.
        case brokenPackages
        /// Packages of which there is no entry.
        case missingPackages
    }

    /// A value that was recorded, and by whom.
    public struct Recorded: Hashable, Sendable {
        /// The value; empty if the setting was not set or is not known.
        public var value: String

        /// The labels of the sources, in order.
        public var sources: [String]
    }

    /// What it is about.
    public var code: Code

    /// The setting as a person knows it, for example `GOVERSION` or `GOFLAGS -race`.
    public var setting: String

    /// What the sources have that it concerns.
    public var recorded: [Recorded]

    /// What is at hand here, or `nil` if there is nothing to compare with.
    public var here: String?

    /// How bad it is.
    public var severity: Severity

    /// What is lost, one sentence without a period.
    public var loss: String

    /// What to do about it, one sentence without a period; empty if nothing needs to be done.
    public var mend: String

    /// The labels of the sources that it concerns, in order.
    public var sources: [String] { recorded.flatMap(\.sources).sorted { $0.precedes($1) } }

    /// Both sides in words: each value with the labels of its sources, then the value here.
    public var values: String {
        let recorded = recorded.map { "\(Self.quoted($0.value)) (\($0.sources.joined(separator: ", ")))" }
        guard let here else { return recorded.joined(separator: ", ") }
        return (recorded + ["here \(Self.quoted(here))"]).joined(separator: ", ")
    }

    /// A value in words.
    static func quoted(_ value: String) -> String { value.isEmpty ? "not set" : "`\(value)`" }
}
