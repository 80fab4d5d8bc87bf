/// A fact that decides whether builds here hit: a setting that differs, or something that can't be known.
public struct Finding: Hashable, Sendable {
    /// The severity of a finding; a later case is worse.
    public enum Severity: String, Hashable, Sendable, Comparable, CaseIterable {
        /// Nothing misses because of the finding, but people should know about it.
        case note
        /// The effect can't be predicted.
        case unknown
        /// Some packages are compiled again.
        case someMiss
        /// Everything is compiled again.
        case nothingHits

        private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        /// Returns whether the first severity is less bad than the second.
        public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rank < rhs.rank }
    }

    /// The subject of a finding.
    ///
    /// The type is a struct rather than an enum, so that a later release can add a code without breaking a
    /// caller's `switch`.
    public struct Code: RawRepresentable, Hashable, Sendable {
        /// The code's name, for example `goVersion`.
        public let rawValue: String

        /// Creates a code with a name, known to this version or not.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The Go version.
        public static let goVersion = Code(rawValue: "goVersion")
        /// GOOS or GOARCH.
        public static let goTarget = Code(rawValue: "goTarget")
        /// GOAMD64 or the like.
        public static let goLevel = Code(rawValue: "goLevel")
        /// GOEXPERIMENT.
        public static let goExperiment = Code(rawValue: "goExperiment")
        /// A flag in GOFLAGS.
        public static let goFlags = Code(rawValue: "goFlags")
        /// GOFIPS140.
        public static let goFIPS140 = Code(rawValue: "goFIPS140")
        /// CGO_ENABLED.
        public static let cgo = Code(rawValue: "cgo")
        /// A compiler that cgo uses, or its version.
        public static let compiler = Code(rawValue: "compiler")
        /// Flags of such a compiler.
        public static let compilerFlags = Code(rawValue: "compilerFlags")
        /// GOMODCACHE.
        public static let moduleCachePath = Code(rawValue: "moduleCachePath")
        /// GOROOT.
        public static let goRoot = Code(rawValue: "goRoot")
        /// The distribution, whose headers and libraries cgo uses.
        public static let distribution = Code(rawValue: "distribution")
        /// GOCACHE: a place that Go does not use or lacks access to, or a program that Go asks instead.
        public static let buildCache = Code(rawValue: "buildCache")
        /// The path of the programs' own sources.
        public static let checkoutPath = Code(rawValue: "checkoutPath")
        /// Packages in one source that serve different builds.
        public static let packageOrigins = Code(rawValue: "packageOrigins")
        /// Modules that travel as zips, which Go must unpack in GOMODCACHE.
        public static let moduleZips = Code(rawValue: "moduleZips")
        /// Modules that are not in GOMODCACHE, where they can't be added.
        public static let absentModules = Code(rawValue: "absentModules")
        /// A source of which nothing was recorded.
        public static let unknownEnvironment = Code(rawValue: "unknownEnvironment")
        /// An archive that holds no compiled packages.
        public static let noEntries = Code(rawValue: "noEntries")
        /// A module that is not in GOMODCACHE, so that the packages can't be judged.
        public static let missingModule = Code(rawValue: "missingModule")
        /// Packages that can't be loaded or compiled.
        public static let brokenPackages = Code(rawValue: "brokenPackages")
        /// Packages without an entry.
        public static let missingPackages = Code(rawValue: "missingPackages")
    }

    /// A recorded value, with the sources that recorded it.
    public struct Recorded: Hashable, Sendable {
        /// The value; empty if the setting was not set or is not known.
        public var value: String

        /// The labels of the sources, in order.
        public var sources: [String]
    }

    /// The subject; stable across releases.
    public var code: Code

    /// The setting's name for people, for example `GOVERSION` or `GOFLAGS -race`.
    public var setting: String

    /// The values of the sources that the finding concerns.
    public var recorded: [Recorded]

    /// The value here, or `nil` if there is nothing to compare with.
    public var here: String?

    /// The severity of the finding.
    public var severity: Severity

    /// The loss, as one sentence without a period.
    public var loss: String

    /// The way to mend the finding, as one sentence without a period; empty if nothing needs to be done.
    public var mend: String

    /// The remedy, if an action of this library mends the finding; ``mend`` says the same in words.
    public var remedy: Remedy?

    /// The labels of the sources that the finding concerns, in order.
    public var sources: [String] { recorded.flatMap(\.sources).sorted { $0.precedes($1) } }

    /// Both sides in words: each value with the labels of its sources, then the value here.
    public var values: String {
        let recorded = recorded.map {
            "\(Self.words(for: $0.value, of: setting)) (\($0.sources.joined(separator: ", ")))"
        }
        guard let here else { return recorded.joined(separator: ", ") }
        return (recorded + ["here \(Self.words(for: here, of: setting))"]).joined(separator: ", ")
    }

    /// Returns the beginning of a value in words: in backquotes, or `not set` if the value is empty.
    static func quoted(_ value: String) -> String { value.isEmpty ? "not set" : "`\(value.excerpt)`" }

    /// Returns the value of a setting in words, also of a flag that is not given.
    static func words(for value: String, of setting: String) -> String {
        guard value.isEmpty, let flag = flag(of: setting) else { return quoted(value) }
        return flag.hasPrefix("-") ? "without `\(String(flag).excerpt)`" : "no other flags"
    }

    /// Returns the variable of a setting, of which the words for its value tell the rest: GOFLAGS of
    /// `GOFLAGS -race`.
    static func variable(of setting: String) -> String { flag(of: setting) == nil ? setting : "GOFLAGS" }

    /// Returns the flag in the name of a setting, or `nil` if it is none of GOFLAGS.
    private static func flag(of setting: String) -> Substring? {
        let prefix = "GOFLAGS "
        return setting.hasPrefix(prefix) ? setting.dropFirst(prefix.count) : nil
    }
}
