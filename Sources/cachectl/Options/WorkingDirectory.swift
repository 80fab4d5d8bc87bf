import CacheStore
import FoundationEssentials
import SystemPackage

/// The directory in which cachectl was started.
enum WorkingDirectory {
    /// Returns the absolute path of a path that the command line names.
    static func absolute(_ path: String) -> FilePath {
        FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(path)).lexicallyNormalized()
    }

    /// Returns the absolute path of a directory that the command line names, as Go there would see it.
    ///
    /// Go takes `PWD` for the path of its directory if it leads there, and the path becomes a part of keys.
    /// A shell sets the variable to the path by which its user has come, which may have symbolic links in it.
    /// So the result is the path that Go would see after `cd PATH` in that shell.
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    static func asGoSees(_ path: String) throws -> FilePath {
        let variable = FilePath(ProcessInfo.processInfo.environment["PWD"] ?? "")
        let isHere = try variable.isAbsolute && Place.isSame(variable, ".")
        return isHere ? variable.pushing(FilePath(path)).lexicallyNormalized() : absolute(path)
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
