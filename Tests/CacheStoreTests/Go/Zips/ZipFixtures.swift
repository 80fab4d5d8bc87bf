import Testing

@testable import CacheStore

extension [UInt8] {
    /// Appends the bytes of a `Span`.
    mutating func append(_ span: Span<UInt8>) {
        unsafe span.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
    }

    /// Returns a copy in which `bytes` overwrite the bytes at `offset`.
    func replacing(at offset: Int, with bytes: [UInt8]) -> [UInt8] {
        var copy = self
        copy.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        return copy
    }

    /// Returns the offset of the last occurrence of `bytes`.
    func lastOffset(of bytes: [UInt8]) -> Int? {
        guard count >= bytes.count else { return nil }
        return (0...count - bytes.count).last { self[$0..<$0 + bytes.count].elementsEqual(bytes) }
    }
}

extension Inflater {
    /// Decodes a whole stream, which it passes on in pieces.
    mutating func inflate(
        _ stream: Span<UInt8>,
        pieceSize: Int = .max,
        expectedSize: Int,
        into sink: (Span<UInt8>) throws -> Void
    ) throws {
        try begin(expectedSize: expectedSize)
        var position = 0
        while position < stream.count {
            let piece = stream.extracting(position..<position + min(pieceSize, stream.count - position))
            try append(piece, into: sink)
            position += piece.count
        }
        try finish()
    }
}

/// Zips for tests, and ways to read zips.
enum ZipFixtures {
    static let prefix = "example.com/m@v1.0.0/"

    /// The module that ``prefix`` names.
    static var module: ModuleKey {
        get throws { try #require(ModuleKey("example.com/m@v1.0.0")) }
    }

    /// Returns a zip made by ``ModuleZipWriter``.
    static func write(
        _ files: [(path: String, content: [UInt8])],
        prefix: String = prefix,
        pieceSize: Int = .max
    ) throws -> [UInt8] {
        var zip: [UInt8] = []
        var writer = ModuleZipWriter(prefix: prefix)
        for file in files {
            try writer.begin(file.path, size: file.content.count) { zip.append($0) }
            var rest = file.content[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(pieceSize))
                try writer.write(piece.span) { zip.append($0) }
                rest = rest.dropFirst(piece.count)
            }
        }
        try writer.finish { zip.append($0) }
        return zip
    }

    /// Returns the files in a zip and their content.
    static func read(_ zip: [UInt8], prefix: String = prefix) throws -> [String: [UInt8]] {
        let directory = try ZipDirectory(of: zip, prefix: prefix)
        var reader = try ZipReader()
        var files: [String: [UInt8]] = [:]
        for file in directory.files {
            var content: [UInt8] = []
            try reader.read(file, of: zip) { content.append($0) }
            files[file.path] = content
        }
        return files
    }

    /// Returns the error of reading a whole zip, or `nil` if there is none.
    static func failure(of zip: [UInt8], prefix: String = prefix) -> ZipError? {
        do {
            _ = try read(zip, prefix: prefix)
            return nil
        } catch {
            return error as? ZipError
        }
    }

    /// Returns the content that is inflated from a stream.
    static func inflate(_ stream: [UInt8], pieceSize: Int = .max, expectedSize: Int) throws -> [UInt8] {
        var inflater = try Inflater()
        var output: [UInt8] = []
        try inflater.inflate(stream.span, pieceSize: pieceSize, expectedSize: expectedSize) {
            output.append($0)
        }
        return output
    }

    /// Returns the error of inflating a stream, or `nil` if there is none.
    static func inflateFailure(
        _ stream: [UInt8],
        pieceSize: Int = .max,
        expectedSize: Int
    ) -> ZipError? {
        do {
            _ = try inflate(stream, pieceSize: pieceSize, expectedSize: expectedSize)
            return nil
        } catch {
            return error as? ZipError
        }
    }
}
