import CacheStore
import FoundationEssentials
import SystemPackage

/// The directory in which cachectl was started.
enum WorkingDirectory {
    /// Returns the absolute path of a path that the command line names.
    static func absolute(_ path: String) -> FilePath {
        FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(path)).lexicallyNormalized()
    }

    /// Returns the Go command that the command line names.
    ///
    /// A relative path starts at the current directory, wherever Go runs.
    ///
    /// - Parameter go: The value of `--go`, or `nil` for `go` on PATH.
    /// - Returns: The command.
    static func command(_ go: String?) -> GoCommand {
        GoCommand(path: go.map { $0.contains("/") ? absolute($0).string : $0 } ?? "go")
    }
}
