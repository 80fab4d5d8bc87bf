import Testing

@testable import CacheStore

@Suite("An action entry")
struct ActionEntryTests {
    private static let action = CacheModel.id("action")
    private static let output = CacheModel.id("output")

    /// Returns an entry as Go's `putIndexEntry` formats it: `v1 %x %x %20d %20d\n`.
    private func entry(_ size: String, _ time: String) -> [UInt8] {
        let (size, time) = (pad(size), pad(time))
        return Array("v1 \(Self.action) \(Self.output) \(size) \(time)\n".utf8)
    }

    private func pad(_ text: String) -> String {
        String(repeating: " ", count: max(0, 20 - text.utf8.count)) + text
    }

    @Test("is written as Go writes it, with time 0", arguments: [0, 7, 175, 1_234_567_890, Int.max])
    func bytes(size: Int) {
        let entry = ActionEntry(action: Self.action, output: Self.output, size: size)
        #expect(entry.bytes == self.entry("\(size)", "0"))
        #expect(entry.bytes.count == 175)
        #expect(ActionEntry(entry.bytes.span, named: Self.action) == entry)
    }

    @Test(
        "is read with any size and time that Go takes",
        arguments: [
            ("0", "0", 0), ("12", "1700000000123456789", 12),
            ("00000000000000000012", "00000000000000000001", 12),
            ("9223372036854775807", "9223372036854775807", Int.max), ("5", "00000000000000000000", 5),
        ]
    )
    func accepted(size: String, time: String, expected: Int) {
        let bytes = entry(size, time)
        #expect(bytes.count == 175)
        #expect(ActionEntry(bytes.span, named: Self.action)?.size == expected)
    }

    @Test(
        "is no entry with a size or time that Go refuses",
        arguments: [
            ("", "0"), ("-1", "0"), ("+1", "0"), ("0x1", "0"), ("1 2", "0"), ("1.5", "0"),
            ("9223372036854775808", "0"),
            ("99999999999999999999", "0"), ("1", ""), ("1", "-1"), ("1", "x"), ("1", "1 "), ("\t1", "0"),
        ]
    )
    func refused(size: String, time: String) {
        let bytes = entry(size, time)
        #expect(ActionEntry(bytes.span, named: Self.action) == nil)
    }

    @Test("is no entry with a wrong separator or action ID, another length or another name")
    func frame() {
        let bytes = entry("12", "34")
        #expect(ActionEntry(bytes.span, named: Self.output) == nil)
        for place in [0, 1, 2, 67, 132, 153, 174] {
            for byte: UInt8 in [0x20, 0x0A, 0x30, 0x00, 0xFF, bytes[place] ^ 1] where byte != bytes[place] {
                let changed = bytes.replacing(at: place, with: [byte])
                #expect(ActionEntry(changed.span, named: Self.action) == nil, "\(byte) at \(place)")
            }
        }
        for place in 3..<67 {
            let changed = bytes.replacing(at: place, with: [bytes[place] == 0x30 ? 0x31 : 0x30])
            #expect(ActionEntry(changed.span, named: Self.action) == nil, "\(place)")
        }
        for count in 0..<175 {
            #expect(
                ActionEntry(bytes.span.extracting(first: count), named: Self.action) == nil,
                "\(count) bytes"
            )
        }
        let longer = bytes + [0x0A]
        #expect(ActionEntry(longer.span, named: Self.action) == nil)
    }

    @Test("never traps on random bytes")
    func garbage() {
        var source = SeededBytes(seed: 1)
        for _ in 0..<2_000 {
            var bytes = entry("12", "34")
            for _ in 0..<3 {
                bytes[Int.random(in: 133..<175, using: &source)] = UInt8.random(in: 0...255, using: &source)
            }
            guard let read = ActionEntry(bytes.span, named: Self.action) else { continue }
            #expect(read.size >= 0)
        }
    }
}

@Suite("The hash of a module")
struct ModuleHashTextTests {
    @Test("is read from a .ziphash, and from nothing else")
    func text() {
        var source = SeededBytes(seed: 1)
        for _ in 0..<100 {
            let id = ContentHasher.hash(source.bytes(9).span)
            let text = Array(ModuleHash.text(of: id).utf8)
            #expect(text.count == 47)
            #expect(ModuleHash.id(ofZiphash: text) == id)
            #expect(ModuleHash.id(ofZiphash: text + [0x0A]) == nil)
            #expect(ModuleHash.id(ofZiphash: Array(text.dropLast())) == nil)
            #expect(ModuleHash.id(ofZiphash: text.replacing(at: 1, with: [0x32])) == nil)
            #expect(ModuleHash.id(ofZiphash: text.replacing(at: 46, with: [0x41])) == nil)
            #expect(ModuleHash.id(ofZiphash: text.replacing(at: 20, with: [0x2D])) == nil)
            // Two bits of the last character belong to no byte: only zeros are canonical there.
            let last = text[45]
            #expect(ModuleHash.id(ofZiphash: text.replacing(at: 45, with: [last + 1])) == nil)
        }
    }
}

@Suite("A version list")
struct VersionListTests {
    @Test(
        "names the canonical versions that have a .mod, in the order of their precedence",
        arguments: [
            ([], ""), (["v1.0.0.mod"], "v1.0.0\n"),
            (["v1.0.0.info", "v1.0.0.zip", "list", "v1.0.0.lock"], ""),
            (["v1.10.0.mod", "v1.9.0.mod", "v1.2.0.mod"], "v1.2.0\nv1.9.0\nv1.10.0\n"),
            (["v1.0.0.mod", "v1.0.0-rc.1.mod", "v1.0.0-beta.mod"], "v1.0.0-beta\nv1.0.0-rc.1\nv1.0.0\n"),
            (
                [
                    "v1.0.0-alpha.beta.mod", "v1.0.0-alpha.1.mod", "v1.0.0-alpha.mod", "v1.0.0-beta.11.mod",
                    "v1.0.0-beta.2.mod",
                ],
                "v1.0.0-alpha\nv1.0.0-alpha.1\nv1.0.0-alpha.beta\nv1.0.0-beta.2\nv1.0.0-beta.11\n"
            ),
            (["v2.0.0+incompatible.mod", "v1.0.0.mod"], "v1.0.0\nv2.0.0+incompatible\n"),
            (["v2.0.0+incompatible.mod", "v2.0.0.mod"], "v2.0.0\nv2.0.0+incompatible\n"),
            (["v0.0.0-20240101000000-abcdef123456.mod"], "v0.0.0-20240101000000-abcdef123456\n"),
            (
                [
                    "v1.0.0+meta.mod", "v1.0.mod", "v1.mod", "1.0.0.mod", "v01.0.0.mod", "v1.0.0-01.mod",
                    "v1.0.0-.mod",
                ], ""
            ),
            (
                [
                    "master.mod", "abcdef.mod", ".mod", "v1.0.0-!r!c.mod", "v1.0.0-\u{e9}.mod",
                    "v1.0.0.0.mod", "v1..0.mod",
                ], ""
            ),
            (["v99999999999999999999.0.0.mod", "v9.0.0.mod"], "v9.0.0\nv99999999999999999999.0.0\n"),
        ] as [([String], String)]
    )
    func table(names: [String], expected: String) {
        #expect(String(decoding: VersionList.bytes(for: names), as: UTF8.self) == expected)
        #expect(String(decoding: VersionList.bytes(for: names.reversed()), as: UTF8.self) == expected)
    }
}
