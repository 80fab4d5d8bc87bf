import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of damage in GOCACHE: what a pack leaves out, and why.
///
/// Nothing that is damaged may get into the archive.
@Suite("From GOCACHE a pack leaves out")
struct LeftOutBuildCacheTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// The content of a sound pair beside the damage.
    private static let sound = Array("sound".utf8)

    /// The ID of the action whose entry or output is damaged.
    private static let action = CacheModel.id("victim")
    private static let content = Array("the victim's content".utf8)
    private static let output = ContentHasher.hash(content.span)

    /// One kind of damage.
    struct Damage: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// The reason for each thing left out, and its path below the caches.
        var leftOut: [(LeftOut.Reason, String)]
        /// The change of a sound cache in memory.
        var apply: @Sendable (inout CacheModel) -> Void = { _ in }
        /// The change of the cache once it is on disk.
        var applyOnDisk: @Sendable (FilePath) throws -> Void = { _ in }
    }

    private static let a = CacheModel.action(action)
    private static let d = CacheModel.output(output)

    private static let tornEntries: [Damage] = [
        torn("an empty -a") { $0 = [] },
        torn("a torn -a") { $0.removeLast(60) },
        torn("a -a that lacks its last byte") { $0.removeLast() },
        torn("a -a with a byte more") { $0.append(0x0A) },
        torn("a -a of zeros") { $0 = [UInt8](repeating: 0, count: 175) },
        torn("a -a of garbage") { $0 = [UInt8](repeating: 0xFE, count: 175) },
        torn("a -a of another version") { $0[1] = UInt8(ascii: "2") },
        torn("a -a that names another action") { $0[10] = $0[10] == 0x30 ? 0x31 : 0x30 },
        torn("a -a with no digit in its output ID") { $0[100] = UInt8(ascii: "g") },
        torn("a -a without a size") {
            $0.replaceSubrange(133..<153, with: [UInt8](repeating: 0x20, count: 20))
        },
        torn("a -a with a negative size") { $0[150] = UInt8(ascii: "-") },
        torn("a -a without its line feed") { $0[174] = 0x20 },
        torn("a -a of 2 MB") { $0 += [UInt8](repeating: 0x20, count: 2_000_000) },
    ]

    private static func torn(_ name: String, _ change: @escaping @Sendable (inout [UInt8]) -> Void) -> Damage
    {
        Damage(
            testDescription: name,
            leftOut: [(.tornAction, a)],
            apply: { change(&$0.files[a, default: none].bytes) }
        )
    }

    private static let none = CacheModel.Entry(bytes: [], mode: 0o644)

    private static let badOutputs: [Damage] = [
        Damage(
            testDescription: "a -a without -d",
            leftOut: [(.missingOutput, a)],
            apply: { $0.files[d] = nil }
        ),
        Damage(
            testDescription: "a small -d with one byte changed",
            leftOut: [(.missingOutput, a), (.wrongContent, d)],
            apply: { $0.files[d]?.bytes[3] ^= 1 }
        ),
        Damage(
            testDescription: "a small -d of zeros",
            leftOut: [(.missingOutput, a), (.wrongContent, d)],
            apply: { $0.files[d]?.bytes = [UInt8](repeating: 0, count: content.count) }
        ),
        Damage(
            testDescription: "an empty -d",
            leftOut: [(.wrongSize, a)],
            apply: { $0.files[d]?.bytes = [] }
        ),
        Damage(
            testDescription: "a -d that is cut short",
            leftOut: [(.wrongSize, a)],
            apply: { $0.files[d]?.bytes.removeLast() }
        ),
        Damage(
            testDescription: "a -d with a byte more",
            leftOut: [(.wrongSize, a)],
            apply: { $0.files[d]?.bytes.append(0) }
        ),
        Damage(
            testDescription: "a -a with the wrong size",
            leftOut: [(.wrongSize, a)],
            apply: { $0.addAction(action, output: output, size: content.count + 1) }
        ),
    ]

    private static let badKinds: [Damage] = [
        Damage(
            testDescription: "a directory in the place of a -a",
            leftOut: [(.specialFile, a)],
            apply: { $0.files[a] = nil },
            applyOnDisk: { try Files.makeDirectory($0.appending(FilePath(a).components)) }
        ),
        Damage(
            testDescription: "a link in the place of a -a",
            leftOut: [(.symbolicLink, a)],
            apply: { $0.files["build/elsewhere"] = $0.files.updateValue(none, forKey: a) },
            applyOnDisk: { root in
                let path = root.appending(FilePath(a).components)
                try Files.remove(path)
                try Files.link(path, to: root.appending("build").appending("elsewhere"))
            }
        ),
        Damage(
            testDescription: "a FIFO in the place of a -a",
            leftOut: [(.specialFile, a)],
            apply: { $0.files[a] = nil },
            applyOnDisk: { try Files.makeFIFO($0.appending(FilePath(a).components)) }
        ),
        Damage(
            testDescription: "a link in the place of a -d",
            leftOut: [(.missingOutput, a), (.symbolicLink, d)],
            apply: { $0.files[d] = nil },
            applyOnDisk: { root in
                try Files.write(content, to: root.appending("elsewhere"))
                try Files.link(root.appending(FilePath(d).components), to: root.appending("elsewhere"))
            }
        ),
        Damage(
            testDescription: "a FIFO in the place of a -d",
            leftOut: [(.missingOutput, a), (.specialFile, d)],
            apply: { $0.files[d] = nil },
            applyOnDisk: { try Files.makeFIFO($0.appending(FilePath(d).components)) }
        ),
        Damage(
            testDescription: "a socket in the place of a -d",
            leftOut: [(.missingOutput, a), (.specialFile, d)],
            apply: { $0.files[d] = nil },
            applyOnDisk: { try Files.makeSocket($0.appending(FilePath(d).components)) }
        ),
    ]

    private static let badExecutables: [Damage] = [
        executable("an empty executable directory") { try Files.makeDirectory($0) },
        executable("an executable directory with two files") {
            try Files.write(content, to: $0.appending("one"), mode: 0o755)
            try Files.write(content, to: $0.appending("two"), mode: 0o755)
        },
        executable("an executable directory whose file has the temporary name of a restore") {
            try Files.write(content, to: $0.appending(".castore-one"), mode: 0o755)
        },
        executable("an executable directory whose file is not executable") {
            try Files.write(content, to: $0.appending("one"), mode: 0o644)
        },
        executable("an executable directory with a link") {
            try Files.write(content, to: $0.removingLastComponent().appending("x"), mode: 0o755)
            try Files.link($0.appending("one"), to: $0.removingLastComponent().appending("x"))
        },
        executable("an executable directory with a name that has a line feed") {
            try Files.write(content, to: $0.appending("a\nb"), mode: 0o755)
        },
        executable("an executable directory with a name that is not UTF-8") {
            try Files.write(content, to: $0.appending(nameThatIsNotUTF8().components), mode: 0o755)
        },
        executable("an executable directory with a directory") {
            try Files.makeDirectory($0.appending("one"))
        },
    ]

    private static func executable(_ name: String, _ make: @escaping @Sendable (FilePath) throws -> Void)
        -> Damage
    {
        Damage(
            testDescription: name,
            leftOut: [(.badExecutable, d), (.missingOutput, a)],
            apply: { $0.files[d] = nil },
            applyOnDisk: { try make($0.appending(FilePath(d).components)) }
        )
    }

    @Test("an action entry that is torn", arguments: tornEntries)
    func tornEntry(damage: Damage) async throws { try await check(damage) }

    @Test("an action entry whose output is not the one that the entry states", arguments: badOutputs)
    func badOutput(damage: Damage) async throws { try await check(damage) }

    @Test("what is no regular file", arguments: badKinds)
    func badKind(damage: Damage) async throws { try await check(damage) }

    @Test("an executable that is not one executable file", arguments: badExecutables)
    func badExecutable(damage: Damage) async throws { try await check(damage) }

    @Test(
        "a large output with wrong content, wherever it is wrong",
        arguments: [0, 2_500_000, 3_000_000 - 1]
    )
    func largeOutput(offset: Int) async throws {
        var source = SeededBytes(seed: 1)
        let bytes = source.bytes(3_000_000)
        var model = CacheModel()
        let (action, output) = model.addPair("large", bytes)
        model.files[CacheModel.output(output)]?.bytes[offset] ^= 0x80
        let pack = try await bench.pack(model, to: "pack")
        #expect(
            pack.report.leftOut.map { "\($0.reason.rawValue) \($0.path.lastComponent?.string ?? "")" }
                .sorted() == [
                    "missingOutput \(action)-a", "wrongContent \(output)-d",
                ]
        )
        #expect(try bench.members(pack.path).isEmpty)
        #expect(pack.report.totals.frameBytes == 0)
    }

    @Test(
        "names that Go does not give, temporary files and Go's bookkeeping; only temporary files are damage"
    )
    func otherNames() async throws {
        var model = CacheModel()
        model.addPair("sound", Self.sound)
        let expected: [String: LeftOut.Reason] = [
            "build/trim.txt": .bookkeeping, "build/README": .bookkeeping,
            "build/testexpire.txt": .bookkeeping,
            "build/log.txt": .bookkeeping, "build/note": .foreign, "build/AB": .foreign,
            "build/00/note": .foreign,
            "build/00/x.tmp": .temporary, "build/00/.castore-\(Self.output)-d": .temporary,
            "build/00/\(Self.output)-x": .foreign,
            "build/00/\(Self.output)-a": .foreign,
        ]
        for path in expected.keys { model.files[path] = Self.none }
        let pack = try await bench.pack(model, to: "pack")
        let found = pack.report.leftOut.map { ("build/" + tail(of: $0.path, below: "build"), $0.reason) }
        #expect(Dictionary(uniqueKeysWithValues: found) == expected)
        #expect(try bench.members(pack.path).count == 2)
        model.files["build/00/x.tmp"] = nil
        model.files["build/00/.castore-\(Self.output)-d"] = nil
        #expect(
            try await bench.pack(model, to: "strict") { $0.isStrict = true }.report.totals.all.members == 2
        )
    }

    @Test("a name that is not UTF-8")
    func invalidName() async throws {
        var model = CacheModel()
        model.addPair("sound", Self.sound)
        let caches = try bench.write(model, to: "caches")
        let root = try #require(caches.buildCache)
        for directory in [root, root.appending("00")] {
            try Files.write([], to: directory.appending(nameThatIsNotUTF8().components))
        }
        let pack = try await bench.pack(caches, to: "pack")
        #expect(pack.report.leftOut.map(\.reason) == [.badName, .badName])
        #expect(try bench.members(pack.path).count == 2)
    }

    @Test("outputs to which no entry refers, without reporting them")
    func orphan() async throws {
        var model = CacheModel()
        model.addPair("sound", Self.sound)
        model.addOutput(Self.content)
        let pack = try await bench.pack(model, to: "pack")
        #expect(pack.report.leftOut.isEmpty)
        #expect(try bench.members(pack.path).count == 2)
    }

    @Test("the whole of a directory 00…ff that is a link")
    func linkedSubdirectory() async throws {
        var model = CacheModel()
        model.addPair("sound", Self.sound)
        let caches = try bench.write(model, to: "caches")
        let root = try #require(caches.buildCache)
        let free = try #require(
            (0..<256).map(BuildCacheLayout.subdirectory).first { !Files.exists(root.appending($0)) }
        )
        try Files.link(root.appending(free), to: bench.path("caches"))
        let pack = try await bench.pack(caches, to: "pack")
        #expect(pack.report.leftOut.map(\.reason) == [.symbolicLink])
        #expect(pack.report.leftOut.map(\.path) == [root.appending(free)])
        #expect(try bench.members(pack.path).count == 2)
    }

    /// Applies damage to a sound cache, and expects a pack to leave out exactly the damage.
    ///
    /// A strict pack must fail, and name the damage.
    private func check(_ damage: Damage) async throws {
        var model = CacheModel()
        let (soundAction, soundOutput) = model.addPair("sound", Self.sound)
        let alone = try await bench.pack(model, to: "alone").report.digest
        model.files[Self.d] = CacheModel.Entry(bytes: Self.content, mode: 0o644)
        model.addAction(Self.action, output: Self.output, size: Self.content.count)
        damage.apply(&model)
        let caches = try bench.write(model, to: "caches")
        try damage.applyOnDisk(bench.path("caches"))

        let pack = try await bench.pack(caches, to: "pack")
        let expected = damage.leftOut.map { "\($0.0.rawValue) \(bench.path("caches/\($0.1)"))" }
        let found = pack.report.leftOut.filter { $0.reason.isDamage }.map {
            "\($0.reason.rawValue) \($0.path)"
        }
        #expect(found.sorted() == expected.sorted())
        #expect(
            try bench.members(pack.path).map { $0.split(separator: " ")[1] } == [
                "\(soundAction)", "\(soundOutput)",
            ]
        )
        #expect(pack.report.digest == alone)
        #expect(try await Verify().run(pack.path).problems.isEmpty)

        let before = try bench.names
        let error = await failure { try await bench.pack(caches, to: "strict") { $0.isStrict = true } }
        #expect(error?.code == .damagedCache)
        #expect(damage.leftOut.contains { error?.path == bench.path("caches/\($0.1)") })
        #expect(try bench.names == before)
    }

    private func tail(of path: FilePath, below name: String) -> String {
        path.string.components(separatedBy: "/\(name)/").last ?? ""
    }
}

/// Returns a name that is not UTF-8.
func nameThatIsNotUTF8() -> FilePath {
    unsafe [CChar(bitPattern: 0xFF), 0x78, 0].withUnsafeBufferPointer { buffer in
        unsafe buffer.baseAddress.map { unsafe FilePath(platformString: $0) } ?? "x"
    }
}
