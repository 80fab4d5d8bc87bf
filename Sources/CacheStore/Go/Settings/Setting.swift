import SystemPackage

/// A setting that decides whether the entries of one environment hit in another.
struct Setting: Sendable {
    /// The packages that Go compiles again because of a difference.
    enum Scope: Sendable {
        /// All packages.
        case everything
        /// Packages of modules.
        case modules
        /// Packages that use cgo.
        case cgo
        /// The main packages.
        case mains
        /// Packages that can't be identified by looking at them.
        case several
        /// No packages.
        case none
    }

    /// The subject of the setting.
    var code: Finding.Code

    /// The setting's name for people.
    var name: String

    /// The packages that Go compiles again because of a difference.
    var scope: Scope

    /// The loss where the setting differs, as one sentence without a period.
    var loss: String

    /// The way to mend a difference, given the value of the sources and the value here.
    var mend: @Sendable (_ recorded: String, _ here: String) -> String

    /// The setting's value in an environment, in a form in which equal values hit; `nil` if not known.
    var value: @Sendable (GoEnvironment) -> String?

    /// Whether a difference among the given environments matters at all.
    var isRelevant: @Sendable ([GoEnvironment]) -> Bool = { _ in true }

    /// Whether the value here counts alone, because it keeps builds from hitting whatever the jobs had.
    var isOnlyHere = false

    /// The severity of a difference.
    var severity: Finding.Severity {
        switch scope {
        case .everything: .nothingHits
        case .modules, .cgo, .mains, .several: .someMiss
        case .none: .note
        }
    }

    /// Returns whether entries of a job miss here because of the setting, as far as that is known.
    func differs(_ job: GoEnvironment, _ here: GoEnvironment) -> Bool {
        guard let one = value(job), let other = value(here) else { return false }
        return (isOnlyHere ? !other.isEmpty : one != other) && isRelevant([job, here])
    }
}

extension GoEnvironment {
    /// The flags in GOFLAGS.
    var flags: GoFlags { GoFlags(self["GOFLAGS"]) }

    /// Whether anything was recorded.
    ///
    /// The origins of packages are known without a question to Go, and are not enough.
    var isKnown: Bool { variables.contains { $0.key != Self.packageOrigins } }

    /// Whether all of ``recordedNames`` were recorded, so that an absent variable was empty.
    var isComplete: Bool { variables["GOVERSION"] != nil }

    /// GOMODCACHE without detours such as `/x/../`, as Go writes it into the paths of packages (Go's
    /// cmd/go/internal/modfetch/cache.go, `DownloadDir`); `nil` if it is not known.
    var moduleCache: String? {
        variables["GOMODCACHE"].map { FilePath($0).lexicallyNormalized().string }
    }

    /// Whether packages may use cgo, as far as that is known.
    var usesCgo: Bool { self["CGO_ENABLED"] != "0" }

    /// Whether Go leaves the directories of module trees writable (`-modcacherw`), as far as GOFLAGS says.
    package var leavesTreesWritable: Bool { flags.isOn("modcacherw") }

    /// Whether paths are kept out of the keys, as far as GOFLAGS says.
    var trimsPaths: Bool { flags.isOn("trimpath") }
}
