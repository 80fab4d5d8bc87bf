/// A setting that decides whether the entries of one environment hit in another.
struct Setting: Sendable {
    /// What a difference makes Go compile again.
    enum Scope: Sendable {
        /// All packages.
        case everything
        /// Packages of modules.
        case modules
        /// Packages that use cgo.
        case cgo
        /// The main packages.
        case mains
        /// Packages that can't be told by looking at them.
        case several
        /// None.
        case none
    }

    /// What it is about.
    var code: Finding.Code

    /// Its name for people.
    var name: String

    /// What a difference makes Go compile again.
    var scope: Scope

    /// What is lost where it differs, a sentence without a period.
    var loss: String

    /// What to do where it differs, given the value of the sources and the one here.
    var mend: @Sendable (_ recorded: String, _ here: String) -> String

    /// Its value in the form in which equal values hit; `nil` if it is not known.
    var value: @Sendable (GoEnvironment) -> String?

    /// Whether a difference among these environments matters at all.
    var isRelevant: @Sendable ([GoEnvironment]) -> Bool = { _ in true }

    /// How bad a difference is.
    var severity: Finding.Severity {
        switch scope {
        case .everything: .nothingHits
        case .modules, .cgo, .mains, .several: .someMiss
        case .none: .note
        }
    }

    /// Whether two environments differ in it, as far as that is known.
    func differs(_ first: GoEnvironment, _ second: GoEnvironment) -> Bool {
        guard let one = value(first), let other = value(second) else { return false }
        return one != other && isRelevant([first, second])
    }
}

extension GoEnvironment {
    /// The flags in GOFLAGS.
    var flags: GoFlags { GoFlags(self["GOFLAGS"]) }

    /// Whether anything was recorded.
    var isKnown: Bool { !variables.isEmpty }

    /// Whether all of ``recordedNames`` was recorded, so that what is absent was empty.
    var isComplete: Bool { variables["GOVERSION"] != nil }

    /// Whether packages may use cgo, as far as that is known.
    var usesCgo: Bool { self["CGO_ENABLED"] != "0" }

    /// Whether paths are kept out of the keys, as far as GOFLAGS says.
    var trimsPaths: Bool { flags.isOn("trimpath") }
}
