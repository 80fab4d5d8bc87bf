import Glibc
import SystemPackage

/// A repair of the modes of directories and files, so that they serve the users of a cache.
struct ModeRepair {
    /// The treatment of a directory or file whose mode does not serve.
    enum Treatment {
        /// It stays as it is.
        case report
        /// It gets the right mode, and a failure is an error.
        case mend
        /// It gets the right mode, unless it belongs to another user.
        case mendOwn
    }

    let profile: CacheProfile
    let treatment: Treatment

    /// Looks at the mode of a directory or file, and mends it as the treatment says.
    ///
    /// - Parameters:
    ///   - name: The name, or `.` for the directory itself.
    ///   - directory: The directory that holds it.
    ///   - bits: The permission bits that it must have.
    ///   - others: The bits that it must not have.
    /// - Returns: The path, if the mode did not serve. Links, special files and what is not there have none.
    /// - Throws: ``CacheStoreError`` if the machine is at fault, or if a mode can't be mended that must be.
    func repair(
        _ name: String,
        of directory: borrowing Directory,
        with bits: mode_t,
        without others: mode_t = 0
    ) throws(CacheStoreError) -> FilePath? {
        guard let status = try Unusable.passedOver(try directory.status(of: name)),
            [.directory, .regular].contains(status.kind)
        else { return nil }
        let right = profile.mode(status.mode, with: bits) & ~others
        guard right != status.mode else { return nil }
        let isItself = name == "."
        func mend() throws(CacheStoreError) {
            if isItself { try directory.setMode(right) } else { try directory.setMode(of: name, right) }
        }
        switch treatment {
        case .report: break
        case .mend: try mend()
        case .mendOwn:
            do throws(CacheStoreError) {
                try mend()
            } catch {
                if status.owner == geteuid() { throw error }
            }
        }
        return isItself ? directory.path : directory.path(of: name)
    }
}
