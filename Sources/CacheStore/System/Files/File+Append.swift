import Glibc
import SystemPackage

extension File {
    /// Appends bytes to a file, which is created if it is missing.
    ///
    /// Several processes may append to one file: each piece stays whole (`O_APPEND` in open(2)), unless the
    /// disk becomes full. A line that has no end, as after a full disk, gets one first.
    ///
    /// - Parameters:
    ///   - bytes: The bytes.
    ///   - path: The file.
    /// - Throws: ``CacheStoreError`` as the system says.
    static func append(_ bytes: [UInt8], to path: FilePath) throws(CacheStoreError) {
        let flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK
        let descriptor = try SystemCall.checked("open", path) {
            unsafe path.withPlatformString { unsafe Glibc.open($0, flags, 0o666) }
        }
        let file = File(owning: descriptor, path: path)
        var bytes = bytes
        if let old = try? File(reading: path), let status = try? old.status(), status.kind == .regular,
            status.size > 0, let last = try? old.bytes(at: status.size - 1, count: 1),
            last != [UInt8(ascii: "\n")]
        {
            bytes.insert(UInt8(ascii: "\n"), at: 0)
        }
        var done = 0
        // `done` stays below the length of the bytes, so each write reads inside them.
        while done < bytes.count {
            done += try SystemCall.checked("write", path) {
                unsafe bytes.withUnsafeBytes {
                    unsafe Glibc.write(
                        file.descriptor,
                        $0.baseAddress.map { unsafe $0 + done },
                        bytes.count - done
                    )
                }
            }
        }
    }
}
