import Glibc
import SystemPackage

@testable import CacheStore

/// The files of GOCACHE that are read at once: action entries, and the stamp of a restore.
struct EntryTarget: FuzzTarget {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    func run(_ bytes: [UInt8]) {
        runEntry(bytes)
        runStamp(bytes)
    }

    private func runEntry(_ bytes: [UInt8]) {
        // The name of the file is the action ID in it, as far as there is one.
        let digits = Array(bytes.dropFirst(3).prefix(64))
        guard let name = ObjectID(hexadecimal: digits.span),
            let entry = ActionEntry(bytes.span, named: name)
        else { return }
        expect(entry.size >= 0, "an entry has a size below 0")
        let written = entry.bytes
        expect(written.count == ActionEntry.byteCount, "an entry is written with \(written.count) bytes")
        expect(ActionEntry(written.span, named: name) == entry, "an entry that was written is another one")
        // All but the time, and the case of the digits, is as it was.
        expect(written[133..<153] == bytes[133..<153] || bytes[133..<153].contains(0x30), "another size")
    }

    private func runStamp(_ bytes: [UInt8]) {
        let path = scratch.write(bytes, to: RestoreStamp.name)
        do {
            let root = try Directory(opening: scratch.root)
            let text = String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
            if let number = Int(text), number > 0, number < Int.max / 4 {
                // A stamp counts only with the time that its restore set.
                let time = timespec(tv_sec: RestoreStamp(restoredAt: number).entryTime, tv_nsec: 0)
                _ = unsafe path.withPlatformString { unsafe utimensat(AT_FDCWD, $0, [time, time], 0) }
            }
            guard case .stamp(let stamp) = try RestoreStamp.find(in: root, now: Int.max / 2) else { return }
            try stamp.write(in: root)
            let again = try RestoreStamp.find(in: root, now: Int.max / 2)
            expect(again == .stamp(stamp), "a stamp that was written is another one")
        } catch {
            fail("the stamp: \(error)")
        }
    }
}
