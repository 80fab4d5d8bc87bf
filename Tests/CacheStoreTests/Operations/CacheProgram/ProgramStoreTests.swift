import Foundation
import Glibc
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the places in which a cache program keeps files.
@Suite("The store of a cache program", .timeLimit(.minutes(5)))
struct ProgramStoreTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let action = CacheModel.id("action")
    private static let content = Array("an object file".utf8)

    private func archive() async throws -> FilePath {
        var model = CacheModel()
        model.addPair("archived", Self.content)
        model.addPair("shares its output", Self.content)
        model.addPair("empty", [])
        return try await bench.pack(model, to: "archive").path
    }

    private var scratch: [String] {
        get throws { try Directory(opening: bench.path("scratch")).names().valid }
    }

    // MARK: - Times and modes

    @Test(
        "gets entries with the times and modes of a restore: if it is new, sealed or stamped"
    )
    func times() async throws {
        let archive = try await archive()
        let names = ["archived", "shares its output", "empty"].map(CacheModel.id)
        for profile in [nil, CacheProfile.image, .ci] {
            try? Directory(opening: bench.root).removeAll("served")
            if let profile {
                var other = CacheModel()
                other.addPair("other", [1])
                let pack = try await bench.pack(other, to: "other \(profile)").path
                try await bench.restore(pack, to: "served") { $0.profile = profile }
            }
            let started = Int(time(nil))
            let client = try bench.program(archive)
            #expect(try await client.get(names).allSatisfy { $0.DiskPath != nil })
            try await client.close()
            let files = try TreeSnapshot(of: bench.served).files.filter { path, _ in
                names.contains { path.hasSuffix("\($0)-a") }
                    || [Self.content, []].contains { path.hasSuffix("\(ContentHasher.hash($0.span))-d") }
            }
            #expect(files.count == 5)
            for (path, entry) in files {
                let time = entry.modified / 1_000_000_000
                #expect(entry.mode == 0o644, "\(path)")
                if profile == .ci {
                    #expect((started...started + 600).contains(time), "used since the restore: \(path)")
                } else {
                    #expect(time == 4_102_444_800, "\(path)")
                }
            }
        }
    }

    @Test("gives an output that is there the time and the mode that a restore would give it")
    func existing() async throws {
        let archive = try await archive()
        let path = bench.served(
            "build/\(BuildCacheLayout.name(ofOutput: ContentHasher.hash(Self.content.span)))"
        )
        try Files.write(Self.content, to: path, mode: 0o600)
        try Files.setTime(1_000_000_000, of: path.string)
        let client = try bench.program(archive)
        #expect(try await client.get(CacheModel.id("archived")).path == path)
        #expect(try await client.close().decodedBytes == 0)
        let status = try File(reading: path).status()
        #expect(status.modified == 4_102_444_800 && status.mode == 0o644)
    }

    @Test("takes the time for 32-bit go commands where the archive has entries of one")
    func narrow() async throws {
        var model = CacheModel()
        let (action, _) = model.addPair("archived", Self.content)
        let archive = try await bench.pack(model, to: "arm") {
            $0.environment = GoEnvironment(variables: ["GOARCH": "arm"])
        }
        let client = try bench.program(archive.path)
        _ = try await client.get(action)
        try await client.close()
        let entry = bench.served("build/\(BuildCacheLayout.name(ofAction: action))")
        #expect(try File(reading: entry).status().modified == 2_114_380_800)
    }

    // MARK: - A GOCACHE that can't be written

    @Test("that can't be made is a scratch directory until the program ends, with one warning")
    func unwritable() async throws {
        let archive = try await archive()
        try Files.write([], to: bench.path("served"))
        let client = try bench.program(archive)
        for name in ["archived", "shares its output", "archived"] {
            let hit = try await client.get(CacheModel.id(name))
            #expect(hit.path.starts(with: bench.path("scratch")))
            #expect(try Files.bytes(hit.path) == Self.content)
        }
        let put = try await client.put(Self.action, [1, 2])
        #expect(try await client.get(Self.action).path == put.path && Files.bytes(put.path) == [1, 2])
        // Several actions have one output, and need one file.
        #expect(
            try await client.put(CacheModel.id("x"), Self.content).path.starts(with: bench.path("scratch"))
        )
        let files = try TreeSnapshot(of: bench.path("scratch")).files
        #expect(files.count == 2, "\(files.keys)")
        let report = try await client.close()
        #expect(
            report.hits == [.archive: 1, .buildCache: 3] || report.hits == [.archive: 2, .buildCache: 2]
        )
        #expect(report.decodedBytes == Self.content.count)
        #expect(client.warnings.map(\.code) == [.unstoredEntry])
        #expect(client.warnings.first?.message.contains(bench.path("served").string) == true)
        #expect(try scratch.isEmpty)
    }

    @Test("that is nowhere makes misses, and puts that say so, and never an error of the program")
    func nowhere() async throws {
        let archive = try await archive()
        try Files.write([], to: bench.path("served"))
        let client = try bench.program(archive) { $0.scratchParent = bench.path("served/none") }
        #expect(try await client.get(CacheModel.id("archived")).Miss == true)
        #expect(try await client.get(Self.action).Miss == true)
        #expect(try await client.put(Self.action, Self.content).Err?.contains("served") == true)
        #expect(try await client.put(Self.action, []).Err != nil)
        #expect(try await client.get(CacheModel.id("archived")).Miss == true)
        let report = try await client.close()
        #expect(report.misses == 3 && report.allHits == 0 && report.puts == 0)
        // The archive is sound, and no warning says otherwise.
        #expect(client.warnings.map(\.code) == [.unstoredEntry], "\(client.warnings)")
    }

    @Test(
        "with files in the way takes what fits, and the rest is there until the program ends"
    )
    func inTheWay() async throws {
        let archive = try await archive()
        let output = ContentHasher.hash(Self.content.span)
        try Files.write([1], to: bench.served("build/\(BuildCacheLayout.subdirectory(of: output))"))
        let client = try bench.program(archive)
        for name in ["archived", "shares its output"] {
            let hit = try await client.get(CacheModel.id(name))
            #expect(try Files.bytes(hit.path) == Self.content)
            // What lies elsewhere may be moved away by Go.
            #expect(hit.path.starts(with: bench.served))
        }
        #expect(try await client.put(Self.action, Self.content).path.starts(with: bench.served))
        let put = try await client.put(CacheModel.id("fits"), [])
        #expect(
            put.path
                == bench.served(
                    "build/\(BuildCacheLayout.name(ofOutput: ContentHasher.hash([UInt8]().span)))"
                )
        )
        try await client.close()
        #expect(client.warnings.map(\.code) == [.unstoredEntry])
        #expect(try bench.servedNames.allSatisfy { !$0.contains("castore") })
    }

    @Test("whose path is no text serves from a scratch directory, because no answer can name a file in it")
    func notUTF8() async throws {
        let archive = try await archive()
        let path = unsafe [0x2F, 0x74, 0x6D, 0x70, 0x2F, -1, 0].withUnsafeBufferPointer { bytes in
            unsafe FilePath(platformString: bytes.baseAddress ?? UnsafePointer(bitPattern: 0)!)
        }
        let client = try ProgramClient(path, [archive]) { $0.scratchParent = bench.root }
        let hit = try await client.get(CacheModel.id("archived"))
        #expect(try Files.bytes(hit.path) == Self.content && hit.path.starts(with: bench.root))
        try await client.close()
        #expect(client.warnings.map(\.remedy) == [.chooseUTF8])
        #expect(try bench.names.allSatisfy { !$0.hasSuffix(".tmp") })
    }

    // MARK: - Scratch directories

    @Test("removes what a killed program has left, and nothing of a program that runs")
    func leftovers() async throws {
        let living = try bench.program() { $0.keepsPutsOut = true }
        let kept = try await living.put(Self.action, Self.content)
        let abandoned = TemporaryName(for: "prog").text
        let foreign = TemporaryName(for: "another output").text
        for name in [abandoned, foreign] {
            try Files.write([1], to: bench.served.appending(name).appending("7"))
            try Files.write([1], to: bench.path("scratch").appending(name).appending("7"))
        }
        let client = try bench.program()
        _ = try await client.put(CacheModel.id("other"), [1])
        let names = try Directory(opening: bench.served).names().valid
        #expect(!names.contains(abandoned) && names.contains(foreign))
        #expect(names.filter { $0.hasSuffix(".tmp") }.count == 3, "the two programs', and the foreign one")
        try await client.close()
        #expect(try Files.bytes(kept.path) == Self.content)
        #expect(try await living.get(Self.action).path == kept.path)
        try await living.close()
        #expect(
            try Directory(opening: bench.served).names().valid.filter { $0.hasSuffix(".tmp") } == [foreign]
        )
    }

    @Test("is made where it is missing, with all directories above it")
    func made() async throws {
        let build = bench.path("a/b/c")
        let client = try ProgramClient(build)
        #expect(try await client.put(Self.action, Self.content).path.starts(with: build))
        try await client.close()
        let mode = try Directory(opening: build).status(of: BuildCacheLayout.subdirectory(of: Self.action))?
            .mode
        #expect(mode == 0o777 & ~Umask.value && client.warnings.isEmpty)
    }

    @Test("keeps a note of a check until it is closed, and none after that, which the end would tear")
    func noteAfterTheEnd() async throws {
        let archive = try await archive()
        let state = CheckedArchives.State(index: Self.action, try File(reading: archive).status())
        let store = ProgramStore(CacheProgram(buildCache: bench.served)) { Issue.record($0) }
        store.close()
        store.keep(state)
        #expect(try Directory(opening: bench.served).names().valid.isEmpty)
        let other = ProgramStore(CacheProgram(buildCache: bench.served)) { Issue.record($0) }
        other.keep(state)
        other.close()
        #expect(other.hasNote(of: state))
        #expect(try Directory(opening: bench.served).names().valid == [CheckedArchives.name])
    }

    @Test("removes the file of a note that a killed program has left")
    func abandonedNote() throws {
        let name = TemporaryName(for: CheckedArchives.name).text
        try Files.write([1], to: bench.served.appending(name))
        try Files.write([1], to: bench.path("archive"))
        let state = CheckedArchives.State(
            index: Self.action,
            try File(reading: bench.path("archive")).status()
        )
        try CheckedArchives.add(state, in: Directory(opening: bench.served))
        #expect(try Directory(opening: bench.served).names().valid == [CheckedArchives.name])
    }

    @Test("gives up a scratch directory in a directory that is gone")
    func goneDirectory() throws {
        let path = bench.path("gone")
        try Files.makeDirectory(path)
        let directory = try Directory(opening: path)
        try Directory(opening: bench.root).removeAll("gone")
        let error = #expect(throws: CacheStoreError.self) {
            _ = try ProgramScratch(in: FilePath("/proc/self/fd/\(directory.descriptor)/."))
        }
        #expect(error?.code == .notFound)
    }
}
