import CacheStore
import FoundationEssentials
import SystemPackage

/// The variables in which Go keeps where its caches lie.
enum CacheVariable: String {
    case buildCache = "GOCACHE"
    case moduleCache = "GOMODCACHE"

    /// The name of the option that overrides it.
    var option: String { "--\(rawValue.lowercased())" }

    /// Reads a value of the variable, by Go's own rules: absolute, and not `off`.
    ///
    /// - Parameter value: Not empty.
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

/// Where a command line and the environment place a cache.
enum CacheLocation: Hashable, Sendable {
    /// Nowhere: it is left out on purpose.
    case leftOut
    /// In a directory.
    case directory(FilePath)
    /// Where the Go command says.
    case asGoSays

    /// Decides: the option first, then the variable, where an empty one counts as unset.
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
            let current = FilePath(FileManager.default.currentDirectoryPath)
            self = .directory(current.pushing(FilePath(option)).lexicallyNormalized())
        } else if let value = environment[variable.rawValue], !value.isEmpty {
            self = .directory(try variable.directory(value))
        } else {
            self = .asGoSays
        }
    }

    /// The path, given what the Go command answered.
    ///
    /// - Parameters:
    ///   - variable: The cache's variable.
    ///   - answers: What `go env` said.
    /// - Returns: An absolute path, `nil` if the cache is left out.
    /// - Throws: ``AdvisedError`` of code `goCommand` or `badArgument` if the answer is no directory.
    func path(_ variable: CacheVariable, answers: [String: String]) throws(AdvisedError) -> FilePath? {
        switch self {
        case .leftOut: return nil
        case .directory(let path): return path
        case .asGoSays:
            guard let answer = answers[variable.rawValue], !answer.isEmpty else {
                throw AdvisedError(
                    .goCommand,
                    "`go env \(variable.rawValue)` is empty",
                    advice: "pass `\(variable.option) DIR`"
                )
            }
            return try variable.directory(answer)
        }
    }
}
