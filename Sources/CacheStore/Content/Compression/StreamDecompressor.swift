/// A decoder of a stream that may be compressed: with gzip, with zstd, or not at all.
///
/// The first bytes tell the compression, and no name does.
struct StreamDecompressor: ~Copyable {
    /// The compression of a stream.
    enum Compression {
        case none
        case gzip
        case zstd
    }

    private var gzip: GzipDecompressor?
    private var zstd: ZstdStreamDecompressor?
    private let longestWindow: Int32
    private let rest: GzipDecompressor.Rest

    /// The compression; `nil` before the first piece.
    private(set) var compression: Compression?

    /// Whether the input so far ends with a whole member or frame.
    private(set) var isWhole = true

    /// Creates a decoder.
    ///
    /// - Parameters:
    ///   - longestWindow: The size of the largest window of zstd, as a power of two. The decoder takes as
    ///     much memory as a frame's window has.
    ///   - rest: The bytes that may follow the last member of a gzip file; others are an error.
    init(
        longestWindow: Int32 = ZstdStreamDecompressor.usualWindow,
        afterGzip rest: GzipDecompressor.Rest
    ) {
        (self.longestWindow, self.rest) = (longestWindow, rest)
    }

    /// Decodes the next piece; the first piece must hold four bytes if the stream does.
    ///
    /// - Parameters:
    ///   - input: The next piece.
    ///   - sink: Called with the pieces of the content, in order.
    /// - Throws: ``ZlibError``, ``ZstdError``, or the error of `sink`.
    mutating func append(_ input: Span<UInt8>, into sink: (Span<UInt8>) throws -> Void) throws {
        if compression == nil { try begin(input) }
        switch compression {
        case .gzip: isWhole = try gzip?.append(input, into: sink) ?? true
        case .zstd: isWhole = try zstd?.append(input, into: sink) ?? true
        case nil, .some(.none): try sink(input)
        }
    }

    /// Returns the compression of a stream by its first bytes, four if it has so many.
    static func compression(of bytes: Span<UInt8>) -> Compression {
        let magic = bytes.extracting(first: 4)
        func begins(_ other: [UInt8]) -> Bool {
            magic.count >= other.count && other.indices.allSatisfy { magic[$0] == other[$0] }
        }
        if begins([0x1F, 0x8B]) { return .gzip }
        // Frames may also be skippable (RFC 8878, 3.1.2).
        let isSkippable = magic.count == 4 && magic[0] & 0xF0 == 0x50 && begins([magic[0], 0x2A, 0x4D, 0x18])
        return begins([0x28, 0xB5, 0x2F, 0xFD]) || isSkippable ? .zstd : .none
    }

    private mutating func begin(_ bytes: Span<UInt8>) throws {
        let found = Self.compression(of: bytes)
        switch found {
        case .gzip: gzip = try GzipDecompressor(allowing: rest)
        case .zstd: zstd = try ZstdStreamDecompressor(longestWindow: longestWindow)
        case .none: break
        }
        compression = found
    }
}
