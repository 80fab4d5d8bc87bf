import Glibc
import SystemPackage
import Testing

@testable import CacheStore

@Suite("The note of checked archives")
struct CheckedArchivesTests {
    private let bench: Workbench
    private let root: FilePath

    init() throws {
        bench = try Workbench()
        root = bench.path("build")
        try Files.makeDirectory(root)
    }

    private func status(_ name: String) throws -> FileStatus {
        try File(reading: bench.path(name)).status()
    }

    private func state(_ name: String, index: String = "index") throws -> CheckedArchives.State {
        CheckedArchives.State(index: CacheModel.id(index), try status(name))
    }

    private func contains(_ state: CheckedArchives.State) throws -> Bool {
        CheckedArchives(in: try Directory(opening: root)).contains(state)
    }

    private func add(_ state: CheckedArchives.State) throws {
        try CheckedArchives.add(state, in: Directory(opening: root))
    }

    @Test("names each archive that was added, in its state, and no other")
    func roundTrip() throws {
        for name in ["a", "b"] { try Files.write([1], to: bench.path(name)) }
        #expect(try !contains(state("a")))
        try add(state("a"))
        try add(state("a"))
        #expect(try contains(state("a")) && !contains(state("b")) && !contains(state("a", index: "other")))
        try add(state("b"))
        #expect(try contains(state("a")) && contains(state("b")))
        let text = String(decoding: try Files.bytes(root.appending(CheckedArchives.name)), as: UTF8.self)
        #expect(text.split(separator: "\n").count == 2)
        #expect(try Directory(opening: root).names().valid == [CheckedArchives.name])
    }

    @Test("does not name an archive that was written, replaced or touched since")
    func changes() throws {
        let path = bench.path("a")
        let old = 1_000_000_000
        let changes: [(String, () throws -> Void)] = [
            ("written in place, with its old time", { try Files.write([2], to: path) }),
            ("longer", { try Files.write([1, 1], to: path) }),
            (
                "replaced by an equal file",
                {
                    try Files.write([1], to: bench.path("other"))
                    try Files.setTime(old, of: bench.path("other").string)
                    try Directory(opening: bench.root).rename("other", to: "a")
                }
            ),
            ("touched", { try Files.setTime(old + 1, of: path.string) }),
            ("with another mode", { try Directory(opening: bench.root).setMode(of: "a", 0o600) }),
        ]
        for (what, change) in changes {
            try? Files.remove(path)
            try Files.write([1], to: path)
            try Files.setTime(old, of: path.string)
            let before = try state("a")
            try add(before)
            #expect(try contains(state("a")))
            // The system may count the time of a change in steps of some milliseconds.
            usleep(20_000)
            try change()
            if what.hasPrefix("written") { try Files.setTime(old, of: path.string) }
            #expect(try !contains(state("a")), "\(what)")
        }
    }

    @Test("that is damaged names nothing, and is replaced by the next one")
    func damaged() throws {
        try Files.write([1], to: bench.path("a"))
        try add(state("a"))
        let file = root.appending(CheckedArchives.name)
        let sound = try Files.bytes(file)
        let long = [UInt8](repeating: 0x20, count: 1 << 20) + sound
        for bytes in [[], [0x0A], Array(sound.dropLast()), Array(sound.dropFirst()), long, [0xFF, 0x0A]] {
            try Files.write(bytes, to: file)
            #expect(try !contains(state("a")), "\(bytes.prefix(100))")
            try add(state("a"))
            #expect(try contains(state("a")), "\(bytes.prefix(100))")
        }
        // A line that does not fit does not spoil the others.
        try Files.write([0xFF, 0x0A] + sound + Array("garbage\n".utf8), to: file)
        #expect(try contains(state("a")))
    }

    @Test("is none where something else has its name, and a directory there is left alone")
    func foreign() throws {
        try Files.write([1], to: bench.path("a"))
        try Files.makeDirectory(root.appending(CheckedArchives.name))
        #expect(try !contains(state("a")))
        #expect(throws: CacheStoreError.self) { try add(state("a")) }
        #expect(try Directory(opening: root).names().valid == [CheckedArchives.name])
        try Directory(opening: root).removeAll(CheckedArchives.name)
        // A link is replaced, and what it names stays.
        try Files.write(Array("mine\n".utf8), to: bench.path("target"))
        try Files.link(root.appending(CheckedArchives.name), to: bench.path("target"))
        try add(state("a"))
        #expect(try contains(state("a")))
        #expect(try Files.bytes(bench.path("target")) == Array("mine\n".utf8))
    }

    @Test("names 32 archives, and the oldest gives way")
    func many() throws {
        try Files.write([1], to: bench.path("a"))
        let states = try (0..<40).map { try state("a", index: "\($0)") }
        for state in states { try add(state) }
        #expect(try states.map(contains) == (0..<40).map { $0 >= 8 })
        // A state that is added again is the newest.
        try add(states[8])
        try add(states[0])
        #expect(try contains(states[8]) && contains(states[0]) && !contains(states[9]))
    }
}
