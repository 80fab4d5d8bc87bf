import CacheStore
import Foundation
import SystemPackage

/// Archives of build caches that change from release to release, as those of a project do.
///
/// Each release has most outputs of the one before, lacks some, and has some new ones.
final class Releases: Sendable {
    /// The directory of the archives, which is removed at the end.
    let directory: FilePath

    /// The archives, from the oldest to the newest.
    let archives: [FilePath]

    /// Creates archives.
    ///
    /// - Parameters:
    ///   - seed: The seed, which decides everything.
    ///   - count: The number of releases.
    ///   - outputs: The number of outputs of each release.
    ///   - changes: The number of outputs that each release has anew.
    /// - Throws: The error of the file system or of a pack.
    init(seed: UInt64, count: Int, outputs: Int = 60, changes: Int = 6) async throws {
        let root = FileManager.default.temporaryDirectory.appending(path: "releases-\(UUID())")
        directory = FilePath(root.path)
        var random = SplitMix(state: seed)
        var present = (0..<outputs).map { _ in Self.output(&random) }
        var archives: [FilePath] = []
        for release in 0..<count {
            if release > 0 {
                present.shuffle(using: &random)
                present.removeFirst(min(changes, present.count))
                for _ in 0..<changes { present.append(Self.output(&random)) }
            }
            let cache = root.appending(path: "cache-\(release)")
            try Self.write(present, below: cache)
            let archive = directory.appending("v\(release).castore")
            var options = Pack.Options(label: "release-\(release)")
            options.level = 1
            let caches = GoCaches(buildCache: FilePath(cache.path), moduleCache: nil)
            try await Pack(options: options).run(caches, to: archive)
            archives.append(archive)
        }
        self.archives = archives
    }

    deinit { try? FileManager.default.removeItem(atPath: directory.string) }

    /// Returns a new path in the directory.
    func place(_ name: String) -> FilePath { directory.appending("\(UUID())-\(name)") }

    /// Returns an output of any size that compresses to about half of it.
    private static func output(_ random: inout SplitMix) -> [UInt8] {
        let sizes = [0..<200, 200..<5_000, 5_000..<30_000, 100_000..<200_000]
        let count = Int.random(in: sizes.randomElement(using: &random) ?? 0..<1, using: &random)
        return (0..<count).map { $0.isMultiple(of: 2) ? 0x20 : UInt8.random(in: 0...255, using: &random) }
    }

    /// Writes a build cache as Go does.
    private static func write(_ outputs: [[UInt8]], below root: URL) throws {
        func pad(_ number: Int) -> String {
            let text = String(number)
            return String(repeating: " ", count: 20 - text.count) + text
        }
        func put(_ id: ObjectID, _ suffix: String, _ bytes: [UInt8]) throws {
            let directory = root.appending(path: "\(id.description.prefix(2))")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            try Data(bytes).write(to: directory.appending(path: "\(id)-\(suffix)"))
        }
        for bytes in outputs {
            let output = ContentHasher.hash(bytes.span)
            let action = ContentHasher.hash(Array("action of \(output)".utf8).span)
            let line = "v1 \(action) \(output) \(pad(bytes.count)) \(pad(1_790_000_000_000_000_000))\n"
            try put(output, "d", bytes)
            try put(action, "a", Array(line.utf8))
        }
    }

    /// A repeatable source of numbers (SplitMix64).
    private struct SplitMix: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ word >> 30) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ word >> 27) &* 0x94d0_49bb_1331_11eb
            return word ^ word >> 31
        }
    }
}

extension FilePath {
    /// The bytes of the file.
    var content: Data { get throws { try Data(contentsOf: URL(filePath: string)) } }

    /// The names in the directory; none if there is no directory.
    var names: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: string)) ?? []).sorted()
    }
}
