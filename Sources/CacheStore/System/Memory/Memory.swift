import CLinux

/// The memory of the process.
enum Memory {
    /// Asks the C library to give blocks of a megabyte and more back to the system as soon as they are freed
    /// (`mallopt(3)`).
    ///
    /// Only the first call per process asks.
    static func returnLargeBlocks() { _ = isAsked }

    private static let isAsked = mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1
}
