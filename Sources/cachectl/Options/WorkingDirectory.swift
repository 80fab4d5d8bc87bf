import FoundationEssentials
import SystemPackage

/// The directory in which cachectl was started.
enum WorkingDirectory {
    /// Returns the absolute path of a path that the command line names.
    static func absolute(_ path: String) -> FilePath {
        FilePath(FileManager.default.currentDirectoryPath).pushing(FilePath(path)).lexicallyNormalized()
    }
}
