/// The lines of a `go.sum` as Go reads them (cmd/go/internal/modfetch/fetch.go, `readGoSum`).
///
/// Neither the order of the lines nor their ends, blank lines or repetitions mean anything to Go, so two
/// files that Go reads alike are equal here.
struct SumLines: Hashable, Sendable {
    /// The lines, ordered by bytes and each once.
    ///
    /// A line of three fields has one blank between them. Any other line, which Go refuses, is as it was.
    let lines: [[UInt8]]

    /// The hash of a `go.mod` without content: earlier versions of Go wrote it by mistake, and Go ignores it.
    private static let emptyModFile = Array("h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=".utf8)

    /// Reads the content of a file.
    init(_ bytes: [UInt8]) {
        let lines = bytes.split(separator: UInt8(ascii: "\n")).compactMap { line -> [UInt8]? in
            let fields = Self.fields(of: line)
            guard fields.count == 3 else { return fields.isEmpty ? nil : Array(line) }
            guard !fields[2].elementsEqual(Self.emptyModFile) else { return nil }
            return Array(fields.joined(separator: CollectionOfOne(Self.blank)))
        }
        self.lines = Set(lines).sorted { $0.lexicographicallyPrecedes($1) }
    }

    private static let blank = UInt8(ascii: " ")

    /// Splits a line at blanks and at the controls that are blanks, such as a carriage return.
    private static func fields(of line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        line.split { $0 == blank || (9...13).contains($0) }
    }

    /// The three fields of each line that Go accepts: the module's path, its version, and a hash.
    var entries: [(path: Substring, version: Substring, hash: Substring)] {
        lines.compactMap { line in
            let fields = Self.fields(of: line[...]).map { Substring(decoding: $0, as: UTF8.self) }
            return fields.count == 3 ? (fields[0], fields[1], fields[2]) : nil
        }
    }

    /// Whether a line has the hash of a module, as no list of the checksums of other files has.
    var namesModule: Bool {
        entries.contains { $0.version.hasPrefix("v") && $0.hash.hasPrefix("h1:") }
    }

    /// The SHA-256 of the lines.
    var digest: ObjectID {
        var hasher = ContentHasher()
        for line in lines { hasher.update((line + [UInt8(ascii: "\n")]).span) }
        return hasher.finish()
    }
}
