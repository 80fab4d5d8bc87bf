import CLinux
import SystemPackage

/// A file without a name that lies in memory.
///
/// A check that needs a scratch file can use it where no directory may be written to.
final class MemoryFile: Sendable {
    let file: File

    /// Creates an empty file.
    ///
    /// - Parameter path: The path that messages name.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(shownAs path: FilePath) throws(CacheStoreError) {
        let descriptor = try SystemCall.checked("make a file in memory for", path) {
            unsafe memfd_create("castore", UInt32(MFD_CLOEXEC))
        }
        file = File(owning: descriptor, path: path)
    }
}
