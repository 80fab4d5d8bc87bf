import SystemPackage
import Testing

@testable import CacheStore

@Suite("The log of used entries")
struct UseLogTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func path(_ name: String) -> FilePath { directory.path.appending(name) }

    private func log(_ bytes: [UInt8]) throws -> UseLog {
        try Files.write(bytes, to: path("log"))
        var log = UseLog()
        try log.read(path("log"))
        return log
    }

    private func log(_ text: String) throws -> UseLog { try log(Array(text.utf8)) }

    private static let ids = ["a", "b", "c"].map(CacheModel.id).sorted()

    @Test(
        "names what commands have written, in any order and however often",
        arguments: 0..<8 as Range<UInt64>
    )
    func roundTrip(seed: UInt64) throws {
        var source = SeededBytes(seed: seed)
        let all = (0..<Int.random(in: 1..<3000, using: &source)).map { CacheModel.id("\($0)") }
        var (bytes, used): ([UInt8], Set<ObjectID>) = ([], [])
        for _ in 0..<Int.random(in: 0..<40, using: &source) {
            let block = Set(
                (0..<Int.random(in: 0..<200, using: &source)).map { _ in
                    all.randomElement(using: &source) ?? all[0]
                }
            )
            bytes += UseLog.lines(block)
            used.formUnion(block)
        }
        let log = try log(bytes)
        #expect(log.actions == used && log.foreignLines == 0, "seed \(seed)")
    }

    @Test("has sorted lines in a command's block, each once")
    func block() {
        let text = String(decoding: UseLog.lines(Set(Self.ids)), as: UTF8.self)
        #expect(text == Self.ids.map { "\($0)\n" }.joined())
    }

    @Test("skips and counts lines that are no IDs, and a last line without an end, and reads the rest")
    func torn() throws {
        let (a, b, c) = (Self.ids[0], Self.ids[1], Self.ids[2])
        for (text, expected, foreign) in [
            ("", [], 0), ("\(a)\n", [a], 0), ("\(a)", [], 1), ("\(a)\n\(b)", [a], 1),
            ("\(a)\n\(b.description.dropLast())\n\(c)\n", [a, c], 1),
            // Another command has written behind a torn line.
            ("\(a.description.prefix(20))\(b)\n\(c)\n", [c], 1),
            ("\(a.description.uppercased())\n", [], 1), ("\(a) \n \(b)\n\(c)\u{0}\n", [], 3),
            ("\n\n\(a)\n", [a], 2), ("\u{FEFF}\(a)\n\(b)\n", [b], 1),
            ("\(a)\r\n\(b)\r\n", [a, b], 0), ("\(a)\r\r\n\(b)\r", [], 2),
        ] as [(String, Set<ObjectID>, Int)] {
            let log = try log(text)
            #expect(log.actions == expected && log.foreignLines == foreign, "\(text.debugDescription)")
        }
    }

    @Test("names nothing if it is another file, however long its lines are")
    func binary() throws {
        var source = SeededBytes(seed: 1)
        let log = try log(source.bytes(3 << 20))
        #expect(log.actions.isEmpty && log.foreignLines > 1000)
        // Lines longer than what is read at a time, between lines that are IDs.
        let long = [UInt8](repeating: 0x61, count: 3 << 20)
        let end = [UInt8(ascii: "\n")]
        let mixed = try self.log(
            UseLog.lines([Self.ids[0]]) + long + end + UseLog.lines([Self.ids[1]]) + long
        )
        #expect(mixed.actions == Set(Self.ids.prefix(2)) && mixed.foreignLines == 2)
    }

    @Test("of many lines is read at every place where the parts of the file that are read meet")
    func large() throws {
        let ids = (0..<40_000).map { CacheModel.id("\($0)") }
        for shift in [0, 1, 64, 65] {
            let first = [UInt8](repeating: UInt8(ascii: "x"), count: shift) + [UInt8(ascii: "\n")]
            let log = try log(first + UseLog.lines(Set(ids)))
            #expect(log.actions.count == ids.count && log.foreignLines == 1)
        }
    }

    @Test("that is longer than is read is an error, and no part of a log")
    func limit() throws {
        try Files.write(UseLog.lines(Set(Self.ids)), to: path("log"))
        var log = UseLog()
        #expect(throws: CacheStoreError.self) { try log.read(path("log"), limit: 3 * 65 - 1) }
        try log.read(path("log"), limit: 3 * 65)
        #expect(log.actions == Set(Self.ids))
    }

    @Test("is found beside the log of figures, or under its own name, and names the file that is missing")
    func place() throws {
        try Files.write(UseLog.lines([Self.ids[0]]), to: path("a.used"))
        try Files.write(UseLog.lines([Self.ids[1]]), to: path("b.used"))
        #expect(try UseLog(besides: [path("a")]).actions == [Self.ids[0]], "there is no `a` itself")
        #expect(try UseLog(besides: [path("a.used")]).actions == [Self.ids[0]])
        #expect(try UseLog(besides: [path("a"), path("b.used")]).actions == Set(Self.ids.prefix(2)))
        // A log of figures may end with `.used`.
        try Files.write(UseLog.lines([Self.ids[2]]), to: path("a.used.used"))
        #expect(try UseLog(besides: [path("a.used")]).actions == [Self.ids[2]])

        for (name, missing) in [("none", "none.used"), ("none.used", "none.used"), ("log/x", "log/x.used")] {
            #expect {
                _ = try UseLog(besides: [path("a"), path(name)])
            } throws: { error in
                guard let error = error as? CacheStoreError else { return false }
                return error.code == .notFound && error.path == path(missing) && error.remedy == .logUse
            }
        }
    }

    @Test("that names no entry is an error, unless another log names one")
    func empty() throws {
        try Files.write([], to: path("empty.used"))
        try Files.write(Array("torn".utf8), to: path("torn.used"))
        for names in [["empty"], ["torn"], ["empty", "torn"]] {
            #expect {
                _ = try UseLog(besides: names.map(path))
            } throws: { error in
                guard let error = error as? CacheStoreError else { return false }
                return error.code == .emptyLog && error.path == path(names[0])
                    && error.remedy == .logUse && error.message.contains("torn") == false
            }
        }
        try Files.write(UseLog.lines([Self.ids[0]]), to: path("a.used"))
        let log = try UseLog(besides: ["empty", "a", "torn"].map(path))
        #expect(log.actions == [Self.ids[0]] && log.foreignLines == 1)
        #expect(throws: CacheStoreError.self) { _ = try UseLog(besides: [directory.path]) }
    }
}
