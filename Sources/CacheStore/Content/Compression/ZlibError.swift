import CZlib

/// A failure reported by zlib when it decodes.
struct ZlibError: Error, Hashable, CustomStringConvertible {
    /// The code that zlib returned, for example −3 for damaged data.
    let code: Int32

    /// The reason in zlib's words, if there is one.
    var message: String?

    /// Whether the data is at fault.
    ///
    /// The other failures, a lack of memory for example, say nothing about the data.
    var isDamage: Bool { code == Z_DATA_ERROR || code == Z_NEED_DICT }

    /// Whether there was no memory.
    var isLackOfMemory: Bool { code == Z_MEM_ERROR }

    var description: String { "zlib: \(message ?? "error \(code)")" }
}
