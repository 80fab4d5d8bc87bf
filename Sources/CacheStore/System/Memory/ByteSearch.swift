import Glibc

/// A search for one byte among many.
enum ByteSearch {
    /// Returns the first position of a byte from a position on, or `nil` if there is none.
    ///
    /// The C library compares many bytes at a time (`memchr(3)`).
    static func first(_ byte: UInt8, in bytes: Span<UInt8>, from start: Int) -> Int? {
        guard start < bytes.count else { return nil }
        return unsafe bytes.extracting(start..<bytes.count).withUnsafeBytes { rest in
            guard let base = rest.baseAddress,
                let found = unsafe memchr(base, Int32(byte), rest.count)
            else { return nil }
            return unsafe start + (UnsafeRawPointer(found) - base)
        }
    }
}
