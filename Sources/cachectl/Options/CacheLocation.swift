import CacheStore
import FoundationEssentials
import SystemPackage

/// The variables that tell Go where its caches are.
enum CacheVariable: String {
    case buildCache = "GOCACHE"
    case moduleCache = "GOMODCACHE"

    /// The name of the option that overrides the variable.
    var option: String { "--\(rawValue.lowercased())" }

    /// The name of the option that leaves the cache out.
    var leavingOutOption: String { "--no-\(rawValue.lowercased())" }

    /// The cache in words.
    var noun: String { self == .buildCache ? "the build cache" : "the module cache" }

    /// Reads a value of the variable by Go's own rules: an absolute path, and not `off`.
    ///
    /// - Parameter value: The value, which is not empty.
    /// - Returns: The directory.
    /// - Throws: ``AdvisedError`` of code `badArgument`.
    func directory(_ value: String) throws(AdvisedError) -> FilePath {
        if self == .buildCache, value == "off" {
            throw AdvisedError(
                .badArgument,
                "`GOCACHE` is `off`: Go keeps no build cache",
                advice: "pass `\(option) DIR`, or `--no-gocache` to leave the build cache out"
            )
        }
        let path = FilePath(value)
        guard path.isAbsolute else {
            throw AdvisedError(
                .badArgument,
                "`\(rawValue)` is `\(value)`, and Go demands an absolute path",
                advice: "pass `\(option) DIR`"
            )
        }
        return path
    }
}

/// The place that the command line and the environment give to a cache.
enum CacheLocation: Hashable, Sendable {
    /// No place: the command line leaves the cache out.
    case leftOut
    /// A directory that the command line or the environment names.
    case directory(FilePath)
    /// The directory that the Go command names.
    case asGoSays

    /// Decides on the place of a cache: the option comes first, then the variable.
    ///
    /// An empty variable counts as unset.
    ///
    /// - Parameters:
    ///   - variable: The cache's variable.
    ///   - option: The directory named on the command line.
    ///   - isLeftOut: Whether the command line leaves the cache out.
    ///   - environment: The environment of the process.
    /// - Throws: ``AdvisedError`` of code `badArgument` if the variable names no directory.
    init(
        _ variable: CacheVariable,
        option: String?,
        isLeftOut: Bool,
        environment: [String: String]
    ) throws(AdvisedError) {
        if isLeftOut {
            self = .leftOut
        } else if let option {
            self = .directory(WorkingDirectory.absolute(option))
        } else if let value = environment[variable.rawValue], !value.isEmpty {
            self = .directory(try variable.directory(value))
        } else {
            self = .asGoSays
        }
    }

    /// Returns the path of the cache, given the answers of the Go command.
    ///
    /// - Parameters:
    ///   - variable: The cache's variable.
    ///   - answers: The values that `go env` printed, by variable.
    ///   - environment: The environment of the process, which is also that of the Go command.
    /// - Returns: An absolute path, or `nil` if the cache is left out.
    /// - Throws: ``AdvisedError`` of code `goCommand` or `badArgument` if the answer is no directory.
    func path(
        _ variable: CacheVariable,
        answers: [String: String],
        environment: [String: String] = [:]
    ) throws(AdvisedError) -> FilePath? {
        switch self {
        case .leftOut: return nil
        case .directory(let path): return path
        case .asGoSays:
            let answer = answers[variable.rawValue] ?? ""
            // Go prints `off` also where it finds no place (`DefaultDir`, cmd/go/internal/cache/default.go).
            let isUnknown = answer.isEmpty || variable == .buildCache && answer == "off"
            if isUnknown, let reason = Self.reason(variable, environment) {
                throw AdvisedError(
                    .goCommand,
                    "Go finds no place for \(variable.noun), and `go build` fails: \(reason)",
                    advice: "set `HOME` or `\(variable.rawValue)` as in the builds, or pass "
                        + "`\(variable.option) DIR`"
                )
            }
            guard !answer.isEmpty else {
                throw AdvisedError(
                    .goCommand,
                    "`go env \(variable.rawValue)` is empty",
                    advice: "pass `\(variable.option) DIR`"
                )
            }
            return try variable.directory(answer)
        }
    }

    /// Returns the reason in the environment why Go finds no place for a cache, if there is one.
    private static func reason(_ variable: CacheVariable, _ environment: [String: String]) -> String? {
        let isUnset = { (name: String) in environment[name]?.isEmpty ?? true }
        let names = variable == .buildCache ? ["GOCACHE", "XDG_CACHE_HOME"] : ["GOMODCACHE", "GOPATH"]
        if variable == .buildCache, isUnset("GOCACHE"), let base = environment["XDG_CACHE_HOME"],
            !base.isEmpty, !base.hasPrefix("/")
        {
            return "`XDG_CACHE_HOME` is `\(base)`, which is no absolute path"
        }
        guard (names + ["HOME"]).allSatisfy(isUnset) else { return nil }
        return "none of `\(names[0])`, `\(names[1])` and `HOME` is set"
    }
}
