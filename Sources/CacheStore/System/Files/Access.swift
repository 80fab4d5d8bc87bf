import Glibc
package import SystemPackage

/// The access that this user has to places in the file system (`access(2)`).
///
/// The superuser may write anywhere but to a file system that is mounted read-only.
///
/// Each function throws ``CacheStoreError`` if the system can't tell, as a disk that fails can't.
package enum Access {
    /// Returns whether something stands at a path, as far as this user can see.
    package static func exists(_ path: FilePath) throws(CacheStoreError) -> Bool { try has(F_OK, path) }

    /// Returns whether this user may read a file or list a directory.
    package static func canRead(_ path: FilePath) throws(CacheStoreError) -> Bool { try has(R_OK, path) }

    /// Returns whether this user may reach the files of a directory.
    package static func canSearch(_ directory: FilePath) throws(CacheStoreError) -> Bool {
        try has(X_OK, directory)
    }

    /// Returns whether this user may write to a file.
    package static func canWrite(_ file: FilePath) throws(CacheStoreError) -> Bool { try has(W_OK, file) }

    /// Returns whether this user may add files to a directory.
    package static func canAdd(to directory: FilePath) throws(CacheStoreError) -> Bool {
        try has(W_OK | X_OK, directory)
    }

    /// Returns whether this user may add files to a directory, or make it if it is not there.
    package static func canMake(_ directory: FilePath) throws(CacheStoreError) -> Bool {
        switch try Unusable.passedOver(try Place(at: directory)) {
        case .directory: return try canAdd(to: directory)
        case .nothing:
            let parent = directory.removingLastComponent()
            guard parent != directory else { return false }
            return try canMake(parent)
        case .file, .special, .brokenLink, nil: return false
        }
    }

    private static func has(_ mode: CInt, _ path: FilePath) throws(CacheStoreError) -> Bool {
        do throws(Errno) {
            _ = try SystemCall.run { unsafe path.withPlatformString { unsafe access($0, mode) } }
            return true
        } catch {
            if [.readOnlyFileSystem, .fileNameTooLong, .textFileBusy].contains(error) { return false }
            let error = CacheStoreError.system(error, "examine", path)
            if error.isOfMachine, error.code != .permissionDenied { throw error }
            return false
        }
    }
}
