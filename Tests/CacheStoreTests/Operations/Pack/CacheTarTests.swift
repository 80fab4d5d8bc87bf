import SystemPackage
import Testing

@testable import CacheStore

/// Tests of packing from tars that no `tar` would make of a cache, or that are hostile.
@Suite("A pack from a tar")
struct CacheTarTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Packs a tar, and returns the report and the archive.
    private func pack(_ tar: CacheTar, to name: String) async throws -> (Pack.Report, [UInt8]) {
        var options = Pack.Options(label: "job")
        options.level = 1
        options.overwrite = true
        let report = try await Pack(options: options).run(tar, to: bench.path(name))
        return (report, try Files.bytes(bench.path(name)))
    }

    /// Makes a tar by a line of the shell, which runs in a directory, with `$1` for the tar.
    private func make(_ line: String, in directory: String) throws -> CacheTar {
        let tar = bench.path("caches.tar")
        try shell("cd \"$0\" && \(line)", bench.path(directory).string, tar.string)
        return CacheTar(tar)
    }

    @Test(
        "is the pack of the directories, also where members come twice, as links or in any order",
        arguments: 0..<6
    )
    func law(seed: UInt64) async throws {
        let model = try RandomCaches(seed: 900 + seed, jobs: 1).jobs[0]
        let caches = try bench.write(model, to: "job", seed: seed)
        let expected = try await bench.pack(caches, to: "directories")
        let bytes = try Files.bytes(expected.path)
        let lines = [
            "tar -P -cf \"$1\" \"$PWD\"/build \"$PWD\"/mod",
            // A first copy of each file is cut short, and the second one counts.
            """
            cp -a . ../old && find ../old -type f -exec truncate -s 1 {} + &&
            tar -P --transform "s,.*/old/,$PWD/," -cf "$1" "$PWD/../old/build" "$PWD/../old/mod" &&
            tar -P -rf "$1" "$PWD"/build "$PWD"/mod && rm -r ../old
            """,
            // Files alone, last names first.
            "find \"$PWD\" -type f | sort -r | tar -P --no-recursion -T - -cf \"$1\"",
            // Every file is a hard link to another name.
            """
            cp -al . ../twin && tar -P -cf "$1" "$PWD/../twin" "$PWD"/build "$PWD"/mod && rm -r ../twin
            """,
        ]
        for line in lines {
            var tar = try make(line, in: "job")
            // The twin of the links looks like caches, too.
            tar.buildCache = .named(bench.path("job/build").string)
            tar.moduleCache = .named(bench.path("job/mod").string)
            let (report, packed) = try await pack(tar, to: "packed")
            #expect(packed == bytes, "\(line)")
            #expect(report.totals == expected.report.totals)
            #expect(report.leftOut.map(\.reason) == expected.report.leftOut.map(\.reason), "\(line)")
        }
    }

    @Test("leaves out and reports what is no file: sparse files, devices, links, names that are not UTF-8")
    func leftOut() async throws {
        let model = try RandomCaches(seed: 77, jobs: 1).jobs[0]
        _ = try bench.write(model, to: "job")
        let script = """
            set -- "$1" $(ls -d build/*/*-a | head -4)
            rm "$2" && mkfifo "$2" && rm "$3" && ln -s /etc/passwd "$3" && truncate -s 1M "$4"
            touch "build/00/$(printf 'caf\\351')"; mkdir -p build/00
            tar --sparse -cf "$1" build mod
            """
        try shell("mkdir -p \"$0/build/00\"", bench.path("job").string)
        let (report, _) = try await pack(try make(script, in: "job"), to: "packed")
        let reasons = report.leftOut.filter { $0.path.string.contains("caches.tar:build/") }
        #expect(reasons.contains { $0.reason == .specialFile && $0.explanation.contains("special file") })
        #expect(reasons.contains { $0.reason == .specialFile && $0.explanation.contains("sparse") })
        #expect(reasons.contains { $0.reason == .symbolicLink })
        #expect(reasons.contains { $0.reason == .badName })
    }

    @Test("with changed bytes is refused, or is the pack of what GNU tar unpacks")
    func changed() async throws {
        let model = try RandomCaches(seed: 5, jobs: 1, pairs: 12).jobs[0]
        _ = try bench.write(model, to: "job")
        let tar = try make("tar -cf \"$1\" build mod", in: "job")
        let whole = try Files.bytes(tar.path)
        var source = SeededBytes(seed: 4711)
        var refusals = 0
        for _ in 0..<40 {
            var bytes = whole
            let block = Int.random(in: 0..<bytes.count / 512, using: &source) * 512
            for _ in 0..<Int.random(in: 1...4, using: &source) {
                let place = block + Int.random(in: 0..<512, using: &source)
                bytes[place] ^= UInt8.random(in: 1...255, using: &source)
            }
            try Files.write(bytes, to: tar.path)
            do {
                let (report, packed) = try await pack(tar, to: "packed")
                let script = "rm -rf \"$1\"; mkdir \"$1\" && tar -C \"$1\" -xf \"$0\""
                try shell(script, tar.path.string, bench.path("unpacked").string)
                let unpacked = bench.caches("unpacked")
                let other = try await bench.pack(unpacked, to: "other") { $0.overwrite = true }
                #expect(try packed == Files.bytes(other.path))
                #expect(report.leftOut.map(\.reason) == other.report.leftOut.map(\.reason))
            } catch let error as CacheStoreError {
                #expect(error.code == .badTar, "\(error)")
                refusals += 1
            }
        }
        #expect((1..<40).contains(refusals), "one of the two cases was not tested")
    }

    @Test("refuses sizes that no file has, and a window of zstd above 1 GiB, with the member's name")
    func bombs() async throws {
        var bytes = ImageFixture.tar([.directory("a"), .file("a/f")])
        // 4 EiB less one byte, in binary.
        bytes.replaceSubrange(
            512 + 124..<512 + 136,
            with: [0x80, 0, 0, 0, 0x3F] + [UInt8](repeating: 255, count: 7)
        )
        let sum = (512..<1024).reduce(0) { $0 + ((148..<156).contains($1 - 512) ? 0x20 : Int(bytes[$1])) }
        let digits = Array(String(sum, radix: 8).utf8)
        bytes.replaceSubrange(
            512 + 148..<512 + 156,
            with: [UInt8](repeating: 0x30, count: 6 - digits.count) + digits + [0, 32]
        )
        try Files.write(bytes, to: bench.path("bomb"))
        let bomb = CacheTar(bench.path("bomb"))
        let error = await failure { try await pack(bomb, to: "packed") }
        #expect(
            error?.code == .badTar && error?.message.contains("`a/f`") == true,
            "\(String(describing: error))"
        )
        // The header of a frame (RFC 8878, 3.1.1.1) with a window of 2 GiB, and an empty block.
        try Files.write([0x28, 0xB5, 0x2F, 0xFD, 0, 21 << 3, 1, 0, 0], to: bench.path("window"))
        let tar = CacheTar(bench.path("window"))
        let other = await failure { try await pack(tar, to: "packed") }
        #expect(other?.code == .badTar && other?.remedy == .decompressTar, "\(String(describing: other))")
        #expect(!Files.exists(bench.path("packed")))
    }

    @Test("of an archive in the place of the tar says what it is, and what takes it")
    func archive() async throws {
        var model = CacheModel()
        model.addPair("entry", [1])
        for name in ["archive", "archive without content"] {
            let archive = try await bench.pack(name == "archive" ? model : CacheModel(), to: name).path
            let error = await failure { try await pack(CacheTar(archive), to: "packed") }
            #expect(error?.code == .badTar && error?.remedy == .useArchive, "\(String(describing: error))")
            #expect(error?.message.contains("an archive") == true)
        }
        #expect(!Files.exists(bench.path("packed")))
    }
}
