import FoundationEssentials
import Glibc
package import SystemPackage

/// A temporary directory below another directory.
package struct ScratchDirectory: Sendable {
    /// The path of the directory.
    package let path: FilePath

    /// Makes a new, empty directory that only this user can enter (`mkdtemp(3)`).
    ///
    /// - Parameters:
    ///   - parent: The directory in which to make the new one.
    ///   - name: The beginning of the new directory's name.
    /// - Throws: ``CacheStoreError`` as the system says.
    package init(in parent: FilePath, name: String) throws(CacheStoreError) {
        var template = Array(parent.appending("\(name).XXXXXX").string.utf8CString)
        let isMade = unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return false }
            return unsafe mkdtemp(start) != nil
        }
        guard isMade else { throw .system(Errno(rawValue: errno), "create a directory in", parent) }
        path = FilePath(String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    /// Removes the directory with all that is in it.
    ///
    /// The method tries up to three times, because an interrupted program may still be writing there.
    package func remove() {
        for _ in 0..<3 where FileManager.default.fileExists(atPath: path.string) {
            try? FileManager.default.removeItem(atPath: path.string)
        }
    }
}
