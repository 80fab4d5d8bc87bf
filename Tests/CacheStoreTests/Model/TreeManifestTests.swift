import Testing

@testable import CacheStore

@Suite("A tree's manifest")
struct TreeManifestTests {
    @Test("is one line of text for each file, ordered by the bytes of the path")
    func text() throws {
        let manifest = try TreeManifest([
            TreeManifest.Entry(path: "b", size: 10, isExecutable: true),
            TreeManifest.Entry(path: "a/b", size: 0, isExecutable: false),
            TreeManifest.Entry(path: "a-b c", size: 7, isExecutable: false),
            TreeManifest.Entry(path: "\u{fc}", size: 123_456_789_012, isExecutable: false),
        ])
        #expect(
            String(decoding: manifest.text, as: UTF8.self)
                == "f 7 a-b c\nf 0 a/b\nx 10 b\nf 123456789012 \u{fc}\n"
        )
        #expect(manifest.size == 123_456_789_029)
        #expect(manifest.executables == 1)
    }

    @Test("survives the way through its text", arguments: 1...20 as ClosedRange<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var source = SeededBytes(seed: seed)
        var entries: [TreeManifest.Entry] = []
        for index in 0..<Int.random(in: 1...60, using: &source) {
            let directory = ["", "d/", "d/e/", "\u{e9} x/", "d.e/"].randomElement(using: &source) ?? ""
            let size = Int.random(in: 0...1_000_000_000, using: &source)
            entries.append(
                TreeManifest.Entry(
                    path: "\(directory)f\(index)",
                    size: size,
                    isExecutable: source.isOnce(in: 3)
                )
            )
        }
        let manifest = try TreeManifest(entries.shuffled(using: &source))
        #expect(try TreeManifest(text: manifest.text.span) == manifest, "seed \(seed)")
        #expect(manifest.size == entries.reduce(0) { $0 + $1.size }, "seed \(seed)")
        // A text that is cut short is no manifest, unless the cut is between two lines.
        let text = manifest.text
        for count in 0..<text.count where count > 0 && text[count - 1] != 0x0A {
            #expect(throws: TreeManifest.Fault.self, "seed \(seed), \(count) bytes") {
                try TreeManifest(text: text.span.extracting(first: count))
            }
        }
    }

    @Test(
        "is not made of files that can't stand together",
        arguments: [
            ["a", "a"], ["a", "A"], ["a", "a/b"], ["../a"], [""], ["a", "con"], ["a//b"], ["a\n"],
        ]
    )
    func refused(paths: [String]) {
        #expect(throws: TreeManifest.Fault.self) {
            try TreeManifest(paths.map { TreeManifest.Entry(path: $0, size: 0, isExecutable: false) })
        }
    }

    @Test("never traps on random text")
    func garbage() {
        var source = SeededBytes(seed: 5)
        let alphabet = Array("fx 0123456789/.a\n\u{e9}".utf8)
        for _ in 0..<3_000 {
            let text = (0..<Int.random(in: 0..<40, using: &source)).map { _ in
                alphabet.randomElement(using: &source) ?? 0
            }
            // A text that is accepted is also the text of the manifest that was read from it.
            if let manifest = try? TreeManifest(text: text.span) { #expect(manifest.text == text) }
        }
    }
}

@Suite("Sets of sources")
struct SourceSetsTests {
    @Test("have one number each, and unions that are sets")
    func unions() {
        var sets = SourceSets()
        let first = sets.number(of: [0])
        let second = sets.number(of: [1, 3])
        #expect(sets.number(of: [0]) == first)
        #expect(first != second)
        let both = sets.union(first, second)
        #expect(sets[both] == [0, 1, 3])
        #expect(sets.union(second, first) == both)
        #expect(sets.union(both, second) == both)
        #expect(sets.union(first, first) == first)
        #expect(sets.sets.count == 3)
    }

    @Test("unite as sets do, in any order", arguments: 1...5 as ClosedRange<UInt64>)
    func random(seed: UInt64) {
        var source = SeededBytes(seed: seed)
        var sets = SourceSets()
        for _ in 0..<200 {
            let lists = (0..<3).map { _ in (0..<6).filter { _ in source.isOnce(in: 2) } }
            let numbers = lists.map { sets.number(of: $0) }
            let left = sets.union(sets.union(numbers[0], numbers[1]), numbers[2])
            let right = sets.union(numbers[0], sets.union(numbers[2], numbers[1]))
            #expect(left == right, "seed \(seed)")
            #expect(sets[left] == Set(lists.joined()).sorted(), "seed \(seed)")
        }
    }
}
