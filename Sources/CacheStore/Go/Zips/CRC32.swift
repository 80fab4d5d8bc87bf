import CZlib

/// The checksum of a file in a zip: CRC-32 of IEEE 802.3 (APPNOTE.TXT 4.4.7), as zlib computes it.
struct CRC32 {
    private var state: UInt = 0

    /// Creates the checksum of no bytes.
    init() {}

    /// The checksum of the bytes so far.
    var value: UInt32 { UInt32(truncatingIfNeeded: state) }

    /// Extends the checksum by `bytes`.
    ///
    /// - Complexity: O(*n*) in the length of `bytes`.
    mutating func update(_ bytes: Span<UInt8>) {
        // An empty span may have no address, and zlib begins anew when it gets none.
        guard !bytes.isEmpty else { return }
        // The length is the buffer's own, and zlib takes it as a `size_t`, so every length fits.
        state = unsafe bytes.withUnsafeBufferPointer { unsafe crc32_z(state, $0.baseAddress, $0.count) }
    }
}
