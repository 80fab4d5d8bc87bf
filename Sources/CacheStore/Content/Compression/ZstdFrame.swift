import CZstd

/// The lengths of a zstd frame and of its content, as the frame itself states them.
package struct ZstdFrame: Hashable, Sendable {
    /// The first four bytes of every frame.
    package static let magic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]

    /// The length of the frame, in bytes.
    package let storedBytes: Int

    /// The length of the content, in bytes.
    package let contentBytes: Int

    /// Reads the lengths of the frame at the beginning of `bytes`.
    ///
    /// Nothing is decoded, so the frame may still be damaged. The result is `nil` if `bytes` does not begin
    /// with a whole frame that states the length of its content.
    ///
    /// - Parameter bytes: The frame, and any bytes after it.
    package init?(atStartOf bytes: Span<UInt8>) {
        guard bytes.count > Self.magic.count, Self.magic.indices.allSatisfy({ bytes[$0] == Self.magic[$0] })
        else { return nil }
        let (length, content) = unsafe bytes.withUnsafeBytes { source in
            (
                unsafe ZSTD_findFrameCompressedSize(source.baseAddress, source.count),
                unsafe ZSTD_getFrameContentSize(source.baseAddress, source.count)
            )
        }
        // The two values that mean an unknown length and an error do not fit.
        guard ZSTD_isError(length) == 0, (1...bytes.count).contains(length),
            let content = Int(exactly: content)
        else { return nil }
        (storedBytes, contentBytes) = (length, content)
    }
}
