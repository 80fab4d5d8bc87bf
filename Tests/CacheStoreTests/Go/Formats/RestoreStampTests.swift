import Glibc
import SystemPackage
import Testing

@testable import CacheStore

@Suite("The stamp of a restore")
struct RestoreStampTests {
    private let bench: Workbench
    private let now = Int(time(nil))

    init() throws { bench = try Workbench() }

    private var file: FilePath { bench.root.appending(RestoreStamp.name) }

    private func find(now: Int? = nil) throws -> RestoreStamp.Found {
        try RestoreStamp.find(in: Directory(opening: bench.root), now: now ?? self.now)
    }

    @Test("is found as it was written, and gives entries an age at which Go marks what it uses")
    func found() throws {
        #expect(try find() == .nothing)
        let stamp = RestoreStamp(restoredAt: now)
        try stamp.write(in: Directory(opening: bench.root))
        #expect(try find() == .stamp(stamp))
        #expect(stamp.entryTime < now - BuildCacheLayout.stampInterval)
        // Go removes entries after five days.
        #expect(stamp.entryTime > now - 2 * 86_400)
        #expect(stamp.earliestUse <= now)
        // A later restore has a stamp of its own.
        let later = RestoreStamp(restoredAt: now + 5_000)
        try later.write(in: Directory(opening: bench.root))
        #expect(try find(now: now + 5_000) == .stamp(later))
        try RestoreStamp.remove(from: Directory(opening: bench.root))
        #expect(try find() == .nothing)
    }

    @Test("names the versions of Go whose entries were restored, those of development trees too")
    func versions() throws {
        var stamp = RestoreStamp(restoredAt: now)
        stamp.versions = ["go1.25.5", "devel go1.28-0123abcd Mon Nov 2 10:00:00 2026 +0000", "", "a\nb"]
        try stamp.write(in: Directory(opening: bench.root))
        stamp.versions.subtract(["", "a\nb"])
        #expect(try find() == .stamp(stamp))
    }

    @Test("holds where a file system rounds times to two seconds, either way")
    func coarseTimes() throws {
        for offset in [-2, -1, 1, 2] {
            let stamp = RestoreStamp(restoredAt: now)
            try stamp.write(in: Directory(opening: bench.root))
            try Files.setTime(stamp.entryTime + offset, of: file.string)
            #expect(try find() == .stamp(stamp))
            #expect(stamp.entryTime + offset < stamp.earliestUse)
        }
        for second in 0...1 { #expect(RestoreStamp(restoredAt: now + second).entryTime.isMultiple(of: 2)) }
    }

    @Test("tells nothing after a copy that has lost the times")
    func copied() throws {
        try RestoreStamp(restoredAt: now).write(in: Directory(opening: bench.root))
        try Files.setTime(now, of: file.string)
        #expect(try find() == .unusable(.timesLost))
    }

    @Test("tells nothing after a clock was set back so far that Go marked nothing, but survives hours")
    func clock() throws {
        let stamp = RestoreStamp(restoredAt: now)
        try stamp.write(in: Directory(opening: bench.root))
        #expect(try find(now: now - 22 * 3_600) == .stamp(stamp))
        #expect(try find(now: now - 24 * 3_600) == .unusable(.clockSetBack))
        #expect(try find(now: now + 400 * 86_400) == .stamp(stamp))
    }

    @Test(
        "tells nothing if other people wrote the file",
        arguments: ["", "x\n", "1700000000", "-5\n", "7\n", "9223372036854775807\n"]
    )
    func damaged(text: String) throws {
        try Files.write(Array(text.utf8), to: file)
        #expect(try find() == .unusable(.damaged))
    }

    @Test("is read line by line, whatever characters a line has, and is the same when it is written again")
    func lines() throws {
        // To Swift, a carriage return and a line feed are one character.
        try Files.write(Array("\(now)\ngo1.25\r\r\n\u{19}x\r\n".utf8), to: file)
        try Files.setTime(RestoreStamp(restoredAt: now).entryTime, of: file.string)
        guard case .stamp(let stamp) = try find() else {
            Issue.record("it is no stamp")
            return
        }
        #expect(stamp.versions == ["go1.25\r\r", "\u{19}x\r"])
        try stamp.write(in: Directory(opening: bench.root))
        #expect(try find() == .stamp(stamp))
    }

    @Test("tells nothing if it is no UTF-8, or longer than that of any restore")
    func bytes() throws {
        let start = Array("\(now)\n".utf8)
        let long = [[UInt8]](repeating: Array("go1\n".utf8), count: 1 << 14).flatMap(\.self)
        for rest in [[0xF3, 0xF2, 0x0A], long] {
            try Files.write(start + rest, to: file)
            try Files.setTime(RestoreStamp(restoredAt: now).entryTime, of: file.string)
            #expect(try find() == .unusable(.damaged))
        }
    }

    @Test("is not read through a link or from a directory")
    func special() throws {
        try Files.link(file, to: "/etc/hostname")
        #expect(try find() == .unusable(.damaged))
        try Files.remove(file)
        try Files.makeDirectory(file)
        #expect(try find() == .unusable(.damaged))
    }
}
