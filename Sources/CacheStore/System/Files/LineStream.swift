import SystemPackage

/// The lines of a regular file or a pipe, read from its beginning on in bounded memory.
struct LineStream: ~Copyable {
    /// A line.
    struct Line {
        /// The bytes without the line feed; `nil` if they are more than are kept of one line.
        var bytes: ArraySlice<UInt8>?

        /// Whether a line feed ends the line, which only the last line of a file may lack.
        var isEnded: Bool
    }

    /// The number of bytes that are read at a time.
    private static let readSize = 1 << 20

    private let stream: FileStream

    /// Opens a file or a pipe, and waits for the writer of a named pipe.
    ///
    /// - Parameters:
    ///   - path: The file or pipe.
    ///   - noun: What the file should be, for messages, as in "a log".
    /// - Throws: ``CacheStoreError`` as the system says, or with code ``CacheStoreError/Code/badArgument``
    ///   for a directory or device.
    init(reading path: FilePath, as noun: String) throws(CacheStoreError) {
        stream = try FileStream(reading: path, as: noun)
    }

    /// Calls `body` for each line; a file that ends with a line feed has no line after it.
    ///
    /// - Parameters:
    ///   - limit: The number of bytes of the file after which no more lines are read.
    ///   - lineLimit: The number of bytes of a line that are kept.
    ///   - body: Called with each line in turn.
    /// - Returns: Whether the file was read to its end.
    /// - Throws: ``CacheStoreError`` as the system says.
    /// - Complexity: O(*n*) in the length of the file, in memory of a few MiB and `lineLimit`.
    func forEach(
        upTo limit: Int,
        lineLimit: Int,
        _ body: (Line) -> Void
    ) throws(CacheStoreError) -> Bool {
        func pass(_ bytes: ArraySlice<UInt8>, isEnded: Bool) {
            body(Line(bytes: bytes.count > lineLimit ? nil : bytes, isEnded: isEnded))
        }
        var (length, rest): (Int, [UInt8]) = (0, [])
        while true {
            let bytes = try stream.next(Self.readSize)
            if bytes.isEmpty { break }
            length += bytes.count
            if length > limit { return false }
            var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let last = lines.removeLast()
            for line in lines {
                if rest.isEmpty {
                    pass(line, isEnded: true)
                } else {
                    pass((rest + line.prefix(lineLimit + 1))[...], isEnded: true)
                    rest.removeAll(keepingCapacity: true)
                }
            }
            if rest.count <= lineLimit { rest += last.prefix(lineLimit + 1) }
        }
        if !rest.isEmpty { pass(rest[...], isEnded: false) }
        return true
    }
}
