import FoundationEssentials
import Glibc
import SystemPackage

/// A directory of its own, below another, for as long as it is needed.
struct ScratchDirectory: Sendable {
    /// Where it lies.
    let path: FilePath

    /// Makes a new, empty directory that only this user can enter (`mkdtemp(3)`).
    ///
    /// - Parameters:
    ///   - parent: Where to make it.
    ///   - name: What its name begins with.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(in parent: FilePath, name: String) throws(CacheStoreError) {
        var template = Array(parent.appending("\(name).XXXXXX").string.utf8CString)
        let isMade = unsafe template.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return false }
            return unsafe mkdtemp(start) != nil
        }
        guard isMade else { throw .system(Errno(rawValue: errno), "create a directory in", parent) }
        path = FilePath(String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
    }

    /// Removes it with all that is in it; once more if a program that was interrupted is still writing there.
    func remove() {
        for _ in 0..<3 where FileManager.default.fileExists(atPath: path.string) {
            try? FileManager.default.removeItem(atPath: path.string)
        }
    }
}
