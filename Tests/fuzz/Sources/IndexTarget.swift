import SystemPackage

@testable import CacheStore

/// The SQLite image of an archive, patched at any byte and sealed again, under all that reads members.
///
/// The input is a sequence of patches of a sound image: a page, two bytes of offset, a length, and the bytes.
struct IndexTarget: FuzzTarget {
    private let scratch: Scratch
    private let base: ArchiveParts

    init() throws {
        scratch = try Scratch()
        base = try ArchiveParts(base: "two")
    }

    func run(_ bytes: [UInt8]) {
        var (input, parts) = (InputReader(bytes), base)
        let pages = parts.index.count / FormatLimits.pageSize
        while !input.isAtEnd {
            let page = input.byte() % (pages + 1)
            // The last page is not there: the patch then adds or removes one.
            guard page < pages else {
                let isLonger = input.byte() & 1 == 0
                if isLonger {
                    parts.index += [UInt8](repeating: 0, count: FormatLimits.pageSize)
                } else if parts.index.count > FormatLimits.pageSize {
                    parts.index.removeLast(FormatLimits.pageSize)
                }
                continue
            }
            let offset = (input.byte() << 8 | input.byte()) % FormatLimits.pageSize
            let start = page * FormatLimits.pageSize + offset
            for (offset, byte) in input.bytes(1 + input.byte() % 32).enumerated() {
                if start + offset < parts.index.count { parts.index[start + offset] = byte }
            }
        }
        if parts.index.count > 96 { parts.version = parts.index[63] == 2 ? 2 : 1 }
        let path = scratch.write(parts.sealed, to: "archive")
        ArchiveReaders.run(path, scratch)
    }
}
