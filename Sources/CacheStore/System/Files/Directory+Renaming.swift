import CLinux
import Glibc
import SystemPackage

extension Directory {
    /// Gives two entries of this directory each other's names (`renameat2(2)`, `RENAME_EXCHANGE`).
    ///
    /// Where the file system can't do that, `other` has another name for a moment.
    ///
    /// - Throws: ``CacheStoreError`` as the system says; the names are then as before.
    func exchange(_ name: String, with other: String) throws(CacheStoreError) {
        do throws(Errno) {
            _ = try SystemCall.run {
                unsafe renameat2(descriptor, name, descriptor, other, UInt32(RENAME_EXCHANGE))
            }
        } catch {
            guard [.invalidArgument, .noFunction, .notSupported].contains(error) else {
                throw .system(error, "rename to", path(of: other))
            }
            let aside = TemporaryName(for: other).text
            try rename(other, to: aside)
            do throws(CacheStoreError) {
                try rename(name, to: other)
            } catch {
                try? rename(aside, to: other)
                throw error
            }
            try rename(aside, to: name)
        }
    }

    /// Moves `name` to another directory of the same file system, and replaces a file that has the name
    /// `other` there.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func move(
        _ name: String,
        to other: String,
        in target: borrowing Directory
    ) throws(CacheStoreError) {
        _ = try SystemCall.checked("rename to", target.path(of: other)) {
            unsafe renameat(descriptor, name, target.descriptor, other)
        }
    }
}
