import Glibc
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of files that are not sound archives, and of outputs that can't be written.
@Suite("Bad input")
struct BadInputTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Returns a tiny archive with frames of every sort: an output, a manifest, a tree's stream and a zip.
    private func tiny() async throws -> (path: FilePath, bytes: [UInt8], trailer: Trailer) {
        let path = try await HostileArchive(bench: bench).sound(to: "tiny")
        return (path, try Files.bytes(path), try Trailer(reading: try File(reading: path)))
    }

    @Test("that is no archive is reported as such by every reader")
    func noArchive() async throws {
        let files: [(String, [UInt8])] = [
            ("empty", []), ("short", [1, 2, 3]), ("24 bytes", [UInt8](repeating: 0, count: 24)),
            ("text", Array(String(repeating: "not an archive\n", count: 500).utf8)),
            ("zeros", [UInt8](repeating: 0, count: 100_000)),
        ]
        for (name, bytes) in files { try Files.write(bytes, to: bench.path(name)) }
        for name in files.map(\.0) {
            let archive = bench.path(name)
            #expect(await failure { _ = try Archive(opening: archive) }?.code == .notAnArchive, "\(name)")
            #expect(try await Verify().run(archive).problems.map(\.code) == [.notAnArchive], "\(name)")
            let error = await failure { _ = try await bench.unite(archive, to: "out") }
            #expect(error?.code == .notAnArchive, "\(name)")
            #expect(error?.path == archive, "\(name)")
        }
        let missing = bench.path("nowhere")
        #expect(await failure { _ = try Archive(opening: missing) }?.code == .notFound)
        #expect(await failure { _ = try await Verify().run(missing) }?.code == .notFound)
        #expect(!Files.exists(bench.path("out")))
    }

    @Test("cut short at any length is never taken for an archive")
    func truncation() async throws {
        let (path, bytes, _) = try await tiny()
        for count in stride(from: bytes.count - 1, through: 0, by: -1) {
            try #require(unsafe path.withPlatformString { unsafe truncate($0, count) } == 0)
            let error = await failure("\(count) bytes") { _ = try Archive(opening: path) }
            guard let code = error?.code else { return }
            let isRight = code == .notAnArchive || code == .corruptArchive
            try #require(isRight, "\(count) bytes: \(code)")
        }
    }

    @Test("with additional, missing or replaced bytes is refused")
    func surrounded() async throws {
        let (_, bytes, trailer) = try await tiny()
        let frames = trailer.framesSize
        let changed: [(String, [UInt8])] = [
            ("a byte before", [0] + bytes), ("a byte after", bytes + [0]), ("twice", bytes + bytes),
            ("4096 before", [UInt8](repeating: 0, count: 4096) + bytes),
            ("no frames", Array(bytes[frames...])),
            ("other frames", bytes.replacing(at: 0, with: [UInt8](repeating: 0, count: frames))),
            ("no padding", Array(bytes[..<(frames + 8)] + bytes[trailer.indexOffset...])),
        ]
        for (name, bytes) in changed {
            let path = bench.path(name)
            try Files.write(bytes, to: path)
            #expect(try await !Verify().run(path).problems.isEmpty, "\(name)")
            let error = await failure("\(name)") { try await bench.restore(path, to: "out") }
            #expect(error?.code == .corruptArchive || error?.code == .notAnArchive, "\(name)")
        }
    }

    @Test("with any one byte changed is found by verify")
    func flipsAndVerify() async throws {
        let (path, bytes, trailer) = try await tiny()
        let file = try FileDescriptor.open(path, .readWrite)
        defer { try? file.close() }
        // Every byte of the frames, padding, header and mark. Of the index, which one SHA-256 covers, every
        // fifth byte and the end are enough.
        let index = trailer.indexOffset..<trailer.indexOffset + trailer.indexSize
        let places = bytes.indices.filter { !index.contains($0) || $0 % 5 == 0 || index.upperBound - $0 < 64 }
        for place in places {
            let bit = UInt8(1) << UInt8(place % 8)
            try file.writeAll(toAbsoluteOffset: Int64(place), [bytes[place] ^ bit])
            let isFound = try await !Verify(options: .oneJob).run(path).problems.isEmpty
            try #require(isFound, "bit \(place % 8) of byte \(place) of \(bytes.count)")
            try file.writeAll(toAbsoluteOffset: Int64(place), [bytes[place]])
        }
        #expect(try await Verify().run(path).problems.isEmpty)
    }

    @Test("with any one byte changed is never restored")
    func flipsAndRestore() async throws {
        let (path, bytes, trailer) = try await tiny()
        let file = try FileDescriptor.open(path, .readWrite)
        defer { try? file.close() }
        // Every second byte of the frames, and some of the others: after the index is read, only damage in
        // the frames remains to be found.
        let places = bytes.indices.filter { place in
            place < trailer.framesSize ? place % 2 == 0 : place % 97 == 0 || bytes.count - place < 30
        }
        for (number, place) in places.enumerated() {
            try file.writeAll(toAbsoluteOffset: Int64(place), [bytes[place] ^ 0x10])
            let error = await failure("byte \(place)") {
                // Each restore gets an empty directory, because a restore does not read content from the
                // archive for files that are already right.
                try await bench.restore(path, to: "out \(number)") { $0.moduleZips = .make }
            }
            let isRight = [.corruptArchive, .notAnArchive].contains(error?.code)
            try #require(isRight, "byte \(place) of \(bytes.count): \(error?.description ?? "")")
            try file.writeAll(toAbsoluteOffset: Int64(place), [bytes[place]])
        }
        for number in stride(from: 0, to: places.count, by: 20)
        where Files.exists(bench.path("out \(number)")) {
            let paths = try TreeSnapshot(of: bench.path("out \(number)")).paths
            #expect(paths.allSatisfy { !$0.contains(".castore-") })
        }
        // The files that were restored before a failure are right; the sound archive supplies the others.
        let expected = try bench.contents(path).digest
        try await bench.restore(path, to: "out 0") { $0.moduleZips = .make }
        #expect(try await bench.pack(bench.caches("out 0"), to: "again").report.digest == expected)
    }

    @Test("larger than a chunk, with a byte changed in each part, is found by verify and restore")
    func flipsInLarge() async throws {
        let model = try RandomCaches(seed: 401, jobs: 1, pairs: 40).jobs[0]
        let pack = try await bench.pack(model, to: "pack").path
        let bytes = try Files.bytes(pack)
        let file = try FileDescriptor.open(pack, .readWrite)
        defer { try? file.close() }
        var source = SeededBytes(seed: 402)
        for _ in 0..<25 {
            let place = Int.random(in: bytes.indices, using: &source)
            try file.writeAll(toAbsoluteOffset: Int64(place), [bytes[place] ^ 1])
            let problems = try await Verify().run(pack).problems
            #expect(
                problems.contains { $0.code == .corruptArchive || $0.code == .notAnArchive },
                "byte \(place)"
            )
            let error = await failure("byte \(place)") { try await bench.restore(pack, to: "out \(place)") }
            #expect(error?.code == .corruptArchive || error?.code == .notAnArchive, "byte \(place)")
            let union = await failure("byte \(place)") { _ = try await bench.unite(pack, to: "union") }
            #expect(union?.code == .corruptArchive || union?.code == .notAnArchive, "byte \(place)")
            try file.writeAll(toAbsoluteOffset: Int64(place), [bytes[place]])
        }
        #expect(!Files.exists(bench.path("union")))
    }

    @Test("of a newer version is refused as unsupported by every reader", arguments: [3, 4, 255] as [UInt8])
    func newerVersion(version: UInt8) async throws {
        let (_, bytes, trailer) = try await tiny()
        let path = bench.path("newer")
        let damaged = bytes.replacing(at: trailer.indexOffset - 56, with: [version])
        try Files.write(damaged, to: path)
        #expect(await failure { _ = try Archive(opening: path) }?.code == .corruptArchive)
        // A newer archive has the version in its index, too.
        try Files.write(damaged.replacing(at: trailer.indexOffset + 63, with: [version]), to: path)
        #expect(await failure { _ = try Archive(opening: path) }?.code == .unsupportedVersion)
        #expect(await failure { _ = try await Verify().run(path) }?.code == .unsupportedVersion)
        let error = await failure { _ = try await bench.unite(path, to: "out") }
        #expect(error?.code == .unsupportedVersion)
        #expect(error?.message.contains("version \(version)") == true)
        let repair = await failure { try await Repair().run(path, from: [], to: bench.path("out")) }
        #expect(repair?.code == .unsupportedVersion)
    }

    @Test("of a version that its members do not need counts as damaged")
    func needlessVersion() async throws {
        let (_, bytes, trailer) = try await tiny()
        let path = bench.path("version 2")
        try Files.write(bytes.replacing(at: trailer.indexOffset - 56, with: [2]), to: path)
        #expect(await failure { _ = try await Archive(opening: path).contents() }?.code == .corruptArchive)
        #expect(await failure { _ = try await bench.unite(path, to: "out") }?.code == .corruptArchive)
    }

    @Test("of a version that never existed counts as damaged")
    func versionZero() async throws {
        let (_, bytes, trailer) = try await tiny()
        let path = bench.path("older")
        try Files.write(bytes.replacing(at: trailer.indexOffset - 56, with: [0]), to: path)
        #expect(await failure { _ = try Archive(opening: path) }?.code == .corruptArchive)
    }

    @Test("makes a union leave nothing behind, even if the damage is found halfway")
    func failedUnion() async throws {
        let (path, bytes, _) = try await tiny()
        var other = CacheModel()
        other.addPair("other", [1, 2, 3])
        let sound = try await bench.pack(other, as: "other", to: "other").path
        try Files.write(bytes.replacing(at: 20, with: [bytes[20] ^ 1]), to: path)
        let before = try bench.names
        for output in ["new", "other"] {
            var options = SetOptions()
            options.overwrite = true
            let union = Union(options: options)
            let error = await failure { try await union.run([sound, path], to: bench.path(output)) }
            #expect(error?.code == .corruptArchive)
        }
        #expect(try bench.names == before)
        #expect(try await Verify().run(sound).problems.isEmpty)
    }

    // MARK: - Outputs

    @Test("for the name of an output is refused, and leaves existing files untouched")
    func outputs() async throws {
        var model = CacheModel()
        model.addPair("one", [1])
        let caches = try bench.write(model, to: "caches")
        let pack = try await bench.pack(caches, to: "pack").path
        try Files.write([1], to: bench.path("there"))
        try Files.makeDirectory(bench.path("directory"))
        let before = try TreeSnapshot(of: bench.root)
        let expected: [(String, CacheStoreError.Code)] = [
            ("there", .exists), ("directory", .badArgument), ("nowhere/out", .notFound), ("there/out", .io),
        ]
        for (name, code) in expected {
            let error = await failure { try await bench.pack(caches, to: name) }
            #expect(error?.code == code, "\(name): \(error?.description ?? "")")
            let other = await failure { _ = try await bench.unite(pack, to: name) }
            #expect(other?.code == code, "\(name): \(other?.description ?? "")")
        }
        for name in ["directory"] {
            let error = await failure { try await bench.pack(caches, to: name) { $0.overwrite = true } }
            #expect(error?.code == .badArgument, "\(name)")
        }
        #expect(try TreeSnapshot(of: bench.root) == before)
    }

    @Test("does not include a union over its own input, or a pack over another file")
    func overwriting() async throws {
        var (first, second) = (CacheModel(), CacheModel())
        first.addPair("one", [1])
        second.addPair("two", [2])
        let one = try await bench.pack(first, as: "one", to: "one").path
        let two = try await bench.pack(second, as: "two", to: "two").path
        let expected = try await bench.unite(one, two, to: "union").path
        var options = SetOptions()
        options.overwrite = true
        _ = try await Union(options: options).run([one, two], to: one)
        #expect(try Files.id(one) == Files.id(expected))
        let again = try await bench.pack(bench.caches("caches of two"), as: "two", to: "one") {
            $0.overwrite = true
        }.path
        #expect(try Files.id(again) == Files.id(two))
        let mode = try File(reading: again).status().mode
        #expect(mode == 0o666 & ~Umask.value)
    }

    @Test("does not include unusual names of outputs")
    func oddNames() async throws {
        var model = CacheModel()
        model.addPair("one", [1])
        let caches = try bench.write(model, to: "caches")
        for name in ["a b", "\u{e9}", "-x", "a\nb", ".hidden", String(repeating: "a", count: 200)] {
            let pack = try await bench.pack(caches, to: name).path
            #expect(try await Verify().run(pack).problems.isEmpty)
        }
    }
}
