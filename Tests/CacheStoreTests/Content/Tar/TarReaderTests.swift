import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of reading the headers of tar streams, which GNU tar and this library write.
@Suite("A tar stream")
struct TarReaderTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Reads a stream in pieces of some size.
    private func read(_ bytes: [UInt8], pieces: Int = 1 << 20) throws -> [TarEntry] {
        var reader = TarReader()
        var entries: [TarEntry] = []
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            let piece = Array(bytes[start..<min(start + pieces, bytes.count)])
            try reader.append(piece.span) { entries.append($0) }
        }
        #expect(reader.isWhole)
        return entries
    }

    @Test(
        "that GNU tar writes is read in every format, in pieces of any size",
        arguments: ["gnu", "oldgnu", "pax", "ustar", "v7"]
    )
    func formats(format: String) throws {
        let long = format == "gnu" || format == "oldgnu" || format == "pax"
        let name = String(repeating: "n", count: long ? 180 : 60)
        let script = #"""
            mkdir -p "$0/in/d/$1" && cd "$0/in" && echo text >"d/$1/f" && ln -s "../$1" "d/link"
            ln "d/$1/f" d/hard && chmod 1750 "d/$1"
            truncate -s 300K d/hole && printf x >>d/hole
            tar -c --format="$2" $3 --sort=name --owner=:1234 --group=:56 --mode=+t -f ../s.tar d
            """#
        try shell(script, bench.root.string, name, format, long ? "--sparse" : "")
        let bytes = try Files.bytes(bench.path("s.tar"))
        let entries = try read(bytes)
        let found = Dictionary(uniqueKeysWithValues: entries.map { ($0.path, $0) })
        #expect(found["d/\(name)/"]?.kind == .directory)
        #expect(found["d/\(name)/"]?.mode == 0o1750)
        #expect(found["d/\(name)/"]?.owner == FileOwner(user: 1234, group: 56))
        #expect(found["d/link"]?.kind == .symbolicLink(to: "../\(name)"))
        #expect(found["d/\(name)/f"]?.kind == .hardLink(to: "d/hard"))
        #expect(found["d/hole"]?.kind == .file)
        #expect(entries.count == 6)
        for pieces in [7, 511, 513] { #expect(try read(bytes, pieces: pieces) == entries) }
    }

    @Test("is read without content, except for a `.ziphash` of the length that Go gives it")
    func hashes() throws {
        let text = ModuleHash.text(of: CacheModel.id("hash"))
        let long = String(repeating: "d/", count: 100) + "v1.0.0.ziphash"
        let bytes = ImageFixture.tar([
            .file("v1.ziphash", text), .file("v1.zip", text), .file("v2.ziphash", text + "\n"),
            .directory("v3.ziphash"), .link("v4.ziphash", to: "v1.ziphash"), .file(long, text),
            .file("last"),
        ])
        for pieces in [1, 46, 512, 559, 1 << 20] {
            let entries = try read(bytes, pieces: pieces)
            #expect(entries.count == 7 && entries.last?.path == "last")
            let found = entries.filter { $0.hash != nil }
            #expect(found.map(\.path) == ["v1.ziphash", long])
            #expect(found.allSatisfy { $0.hash == Array(text.utf8) })
        }
        var reader = TarReader()
        try reader.append(Array(bytes.prefix(512 + 46)).span) { _ in }
        #expect(!reader.isWhole)
    }

    @Test("keeps extended attributes and numbers that need an extended header")
    func extended() throws {
        let value: [UInt8] = [1, 0, 0, 2, 0, 61, 10, 255]
        let attributes = [TarEntry.ExtendedAttribute(name: "security.capability", value: value)]
        let owner = FileOwner(user: 4_000_000_000, group: 3_000_000)
        let path = String(repeating: "ä/", count: 200) + "x"
        var bytes: [UInt8] = []
        TarHeader(
            path: path,
            kind: .directory,
            mode: 0o2755,
            time: 0,
            owner: owner,
            extendedAttributes: attributes
        ).append(to: &bytes)
        let expected = TarEntry(
            path: path + "/",
            kind: .directory,
            mode: 0o2755,
            owner: owner,
            extendedAttributes: attributes
        )
        var entries = try read(bytes + TarHeader.end)
        entries[0].content = expected.content
        #expect(entries == [expected])
    }

    @Test("with a hostile size or number is refused or skipped, and never traps")
    func hostile() throws {
        var source = SeededBytes(seed: 351)
        let whole = ImageFixture.tar([.directory("a"), .link("a/l", to: "x"), .file("a/f"), .file("ä")])
        for _ in 0..<3000 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...12, using: &source) {
                bytes[Int.random(in: 0..<bytes.count, using: &source)] = UInt8.random(
                    in: 0...255,
                    using: &source
                )
            }
            repairChecksums(&bytes)
            var reader = TarReader()
            try? reader.append(bytes.span) { _ in }
        }
        for field in ["\u{80}" + String(repeating: "\u{7F}", count: 11), "777777777777", "-1"] {
            var bytes = ImageFixture.tar([.file("f"), .directory("d")])
            let text = field.unicodeScalars.map { UInt8($0.value) }
            bytes.replaceSubrange(124..<136, with: text + [UInt8](repeating: 0, count: 12 - text.count))
            repairChecksums(&bytes)
            var reader = TarReader()
            try? reader.append(bytes.span) { _ in }
            #expect(!reader.isAtEnd, "content of that length was not skipped")
        }
        var long = whole
        long[156] = UInt8(ascii: "x")
        long.replaceSubrange(124..<136, with: Array("00010000000\0".utf8))
        repairChecksums(&long)
        var reader = TarReader()
        #expect(throws: TarReader.Fault.self) { try reader.append(long.span) { _ in } }
    }

    /// Gives every block its checksum, as if it were a header.
    private func repairChecksums(_ bytes: inout [UInt8]) {
        for start in stride(from: 0, to: bytes.count, by: 512) {
            guard bytes[start..<start + 512].contains(where: { $0 != 0 }) else { continue }
            bytes.replaceSubrange(start + 148..<start + 156, with: [UInt8](repeating: 0x20, count: 8))
            let sum = String(bytes[start..<start + 512].reduce(0) { $0 + Int($1) }, radix: 8)
            let text = String(repeating: "0", count: 6 - sum.count) + sum + "\0"
            bytes.replaceSubrange(start + 148..<start + 155, with: text.utf8)
        }
    }
}
