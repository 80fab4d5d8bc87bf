import FoundationEssentials
import SystemPackage

extension FilePath {
    /// The path from the root directory on, without `.` and `..`.
    ///
    /// A relative path starts at the current directory.
    var absolute: FilePath {
        FilePath(FileManager.default.currentDirectoryPath).pushing(self).lexicallyNormalized()
    }
}
