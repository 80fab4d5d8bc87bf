import Glibc
package import SystemPackage

/// The access that this user has to places in the file system (`access(2)`).
///
/// The superuser may write anywhere but to a file system that is mounted read-only.
package enum Access {
    /// Returns whether something stands at a path, as far as this user can see.
    package static func exists(_ path: FilePath) -> Bool { has(F_OK, path) }

    /// Returns whether this user may read a file or list a directory.
    package static func canRead(_ path: FilePath) -> Bool { has(R_OK, path) }

    /// Returns whether this user may reach the files of a directory.
    package static func canSearch(_ directory: FilePath) -> Bool { has(X_OK, directory) }

    /// Returns whether this user may write to a file.
    package static func canWrite(_ file: FilePath) -> Bool { has(W_OK, file) }

    /// Returns whether this user may add files to a directory.
    package static func canAdd(to directory: FilePath) -> Bool { has(W_OK | X_OK, directory) }

    /// Returns whether this user may add files to a directory, or make it if it is not there.
    package static func canMake(_ directory: FilePath) -> Bool {
        switch try? Place(at: directory) {
        case .directory: return canAdd(to: directory)
        case .nothing:
            let parent = directory.removingLastComponent()
            return parent != directory && canMake(parent)
        case .file, .special, .brokenLink, nil: return false
        }
    }

    private static func has(_ mode: CInt, _ path: FilePath) -> Bool {
        unsafe path.withPlatformString { unsafe access($0, mode) == 0 }
    }
}
