import Glibc
import Synchronization
import SystemPackage

/// Descriptors that are held until a failed process removes what it has written.
///
/// A directory can't be removed without descriptors, so a process that fails because none is left would leave
/// the directory behind.
final class DescriptorReserve: Sendable {
    private let held = Mutex<[FileDescriptor]>([])

    /// Takes the descriptors that a removal needs: one for each level, one for the directory above them, and
    /// one that reads names.
    ///
    /// - Parameters:
    ///   - levels: The number of levels of directories.
    ///   - directory: Any directory.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(levels: Int, _ directory: borrowing Directory) throws(CacheStoreError) {
        for _ in 0..<levels + 2 {
            let copy = try SystemCall.checked("open the directory", directory.path) {
                fcntl(directory.descriptor, F_DUPFD_CLOEXEC, 0)
            }
            held.withLock { $0.append(FileDescriptor(rawValue: copy)) }
        }
    }

    deinit { release() }

    /// Gives the descriptors back.
    func release() {
        held.withLock { held in
            for descriptor in held { try? descriptor.close() }
            held = []
        }
    }
}
