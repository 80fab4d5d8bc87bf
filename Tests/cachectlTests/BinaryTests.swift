import FoundationEssentials
import SystemPackage
import Testing

@testable import CacheStore

/// The program that was built beside these tests, and its own directory with one small build cache.
private struct Program {
    /// The exit status of the program, and the text that it printed.
    struct Result: Equatable {
        var status: Int
        var output = ""
        var errors = ""
    }

    let directory: FilePath

    init() throws {
        let temporary = FilePath(FileManager.default.temporaryDirectory.path)
        directory = temporary.appending("cachectl-\(UUID().uuidString)")
        let torn = path("go-build/00/\(String(repeating: "0", count: 64))-a")
        try FileManager.default.createDirectory(
            atPath: path("go-build/00"),
            withIntermediateDirectories: true
        )
        try Data("torn".utf8).write(to: URL(filePath: torn))
    }

    func path(_ name: String) -> String { directory.appending(name).string }

    func remove() { try? FileManager.default.removeItem(atPath: directory.string) }

    func run(_ arguments: [String]) async throws -> Result {
        let binary = FilePath(CommandLine.arguments[0]).removingLastComponent().appending("cachectl")
        let result = try await Subprocess.run(binary.string, arguments)
        return Result(
            status: result.status,
            output: String(decoding: result.output, as: UTF8.self),
            errors: String(decoding: result.errors, as: UTF8.self)
        )
    }

    /// Packs the build cache into `aws.castore`.
    func pack(_ options: String...) async throws -> Result {
        let target = ["pack", "--label", "aws", "-o", path("aws.castore")]
        return try await run(
            target + ["--gocache", path("go-build"), "--no-gomodcache", "--no-go"] + options
        )
    }
}

@Suite("The program")
struct BinaryTests {
    private struct Head: Decodable { let schema: String }

    private func schema(_ json: String) throws -> String {
        try JSONDecoder().decode(Head.self, from: Data(json.utf8)).schema
    }

    @Test("packs, unites, verifies, describes, lists and restores, each with its schema")
    func allCommands() async throws {
        let program = try Program()
        defer { program.remove() }
        let (one, all) = (program.path("aws.castore"), program.path("all.castore"))

        let packed = try await program.pack("--json")
        #expect(packed.status == 0)
        #expect(try schema(packed.output) == "cachectl.pack/1")
        #expect(packed.errors.hasPrefix("warning: no Go environment was recorded"))
        #expect(packed.errors.contains("` holds no entries of a build cache\n"))
        #expect(packed.errors.contains("\nwarning: left out 1 entry: an action entry "))

        for (schema, arguments) in [
            ("cachectl.union/1", ["union", one, "-o", all]), ("cachectl.verify/1", ["verify", one, all]),
            ("cachectl.difference/1", ["difference", all, one, "-o", program.path("rest.castore")]),
            ("cachectl.intersect/1", ["intersect", all, one, "-o", program.path("common.castore")]),
            ("cachectl.repair/1", ["repair", all, "--from", one, "-o", program.path("repaired.castore")]),
            ("cachectl.diff/1", ["diff", all, one]), ("cachectl.info/1", ["info", all]),
            (
                "cachectl.restore/1",
                ["restore", all, "--no-gomodcache", "--no-go", "--gocache", program.path("restored")]
            ),
        ] {
            let result = try await program.run(arguments + ["--json"])
            #expect(result.status == 0)
            #expect(result.errors.isEmpty)
            #expect(try self.schema(result.output) == schema)
        }
        let listed = try await program.run(["ls", all, "--json"])
        #expect(listed == Program.Result(status: 0))
    }

    @Test("says nothing with --quiet if all is well")
    func quiet() async throws {
        let program = try Program()
        defer { program.remove() }
        _ = try await program.pack()
        let verified = try await program.run(["verify", program.path("aws.castore"), "--quiet"])
        #expect(verified == Program.Result(status: 0))
    }

    @Test("replaces an archive only if told to")
    func force() async throws {
        let program = try Program()
        defer { program.remove() }
        #expect(try await program.pack().status == 0)
        let refused = try await program.pack()
        #expect(refused.status == 1)
        #expect(refused.output.isEmpty)
        #expect(refused.errors.contains("error: the output exists already"))
        #expect(try await program.pack("--force").status == 0)
        let directory = program.path("go-build")
        for options in [[], ["--force"]] {
            let union = ["union", program.path("aws.castore"), "-o", directory] + options
            let result = try await program.run(union)
            #expect(result.status == 64)
            #expect(result.errors == "error: the output is a directory: `\(directory)`\nhint: name a file\n")
        }
    }

    @Test("tells a missing file, corrupt data, a damaged cache and a wrong command line apart")
    func statuses() async throws {
        let program = try Program()
        defer { program.remove() }
        try Data("no archive".utf8).write(to: URL(filePath: program.path("garbage")))
        for (status, arguments) in [
            (1, ["info", program.path("missing")]), (2, ["info", program.path("garbage")]),
            (2, ["verify", program.path("missing"), program.path("garbage")]),
            (1, ["verify", program.path("missing")]), (64, ["verify", ""]),
            (64, ["info"]), (64, ["info", "--jobs", "0", "x"]),
        ] {
            let result = try await program.run(arguments + ["--quiet"])
            #expect(result.status == status)
            #expect(result.output.isEmpty)
            #expect(result.errors.hasPrefix("error: "))
        }
        #expect(try await program.pack("--strict").status == 2)
    }

    @Test("advises to keep what is sound where all content is needed, and else to leave out the damage")
    func damagedContent() async throws {
        let program = try Program()
        defer { program.remove() }
        let bytes = Data((0..<3000).map { UInt8($0 * $0 % 251) })
        let id = ContentHasher.hash([UInt8](bytes).span)
        let entry = ActionEntry(action: id, output: id, size: bytes.count)
        for (name, content) in [("-d", bytes), ("-a", Data(entry.bytes))] {
            let directory = program.path("go-build/\(id.description.prefix(2))")
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try content.write(to: URL(filePath: "\(directory)/\(id)\(name)"))
        }
        #expect(try await program.pack().status == 0)
        let archive = program.path("aws.castore")
        var damaged = try Data(contentsOf: URL(filePath: archive))
        damaged[100] ^= 1
        try damaged.write(to: URL(filePath: archive))
        let (new, keep) = (program.path("new"), "`cachectl repair ARCHIVE -o REST` keeps what is sound")
        for (arguments, advice) in [
            (["union", archive, "-o", new], keep), (["intersect", archive, archive, "-o", new], keep),
            (["layers", archive, "-o", new, "--arch", "amd64"], keep),
            (["layers", archive, "-o", new, "--arch", "amd64", "--split"], keep),
            (["cat", archive, "output", "\(id)"], "`cachectl restore --skip-damaged` leaves it out"),
        ] {
            let result = try await program.run(arguments)
            #expect(result.status == 2, "\(arguments): \(result)")
            #expect(result.errors.contains(", member `output \(id)`, at byte "), "\(arguments): \(result)")
            #expect(result.errors.contains("\nhint: ") && result.errors.contains(advice), "\(result)")
            #expect(!FileManager.default.fileExists(atPath: new))
        }
        let target = ["restore", archive, "--skip-damaged", "--no-go", "--no-gomodcache"]
        let restored = try await program.run(target + ["--gocache", program.path("restored")])
        #expect(restored.status == 3 && restored.output.contains(": nothing was written\n"), "\(restored)")
    }

    @Test("says what a repair did: whole, without bytes behind it, or not proven")
    func repairs() async throws {
        let program = try Program()
        defer { program.remove() }
        #expect(try await program.pack().status == 0)
        let (archive, bad, new) = (program.path("aws.castore"), program.path("bad"), program.path("new"))
        let sound = try Data(contentsOf: URL(filePath: archive))
        let index = sound.suffix(8).reduce(0) { $0 << 8 | Int($1) }
        var unproven = sound
        unproven.replaceSubrange(index - 64..<index, with: Data(count: 64))
        for (bytes, status, words) in [
            (sound, 0, "nothing was damaged;"), (sound.dropLast(), 0, "byte for byte as before the damage;"),
            (sound + sound.prefix(100), 0, "byte for byte, without the 100 bytes behind its end;"),
            (unproven, 3, "but nothing proves the rest of its index;"),
        ] as [(Data, Int32, String)] {
            try bytes.write(to: URL(filePath: bad))
            let result = try await program.run(["repair", bad, "-o", new, "--force"])
            #expect(result.status == status && result.output.contains(words), "\(result)")
            #expect(try Data(contentsOf: URL(filePath: new)) == sound)
        }
    }

    @Test("needs Go to play the doctor, says so, and restores without")
    func withoutGo() async throws {
        let program = try Program()
        defer { program.remove() }
        _ = try await program.pack()
        let (archive, missing) = (program.path("aws.castore"), program.path("no-go"))
        let doctor = try await program.run(["doctor", archive, "--go", missing])
        #expect(doctor.status == 1)
        #expect(doctor.output.isEmpty)
        #expect(doctor.errors.hasPrefix("error: cannot run `\(missing)`"))
        #expect(doctor.errors.contains("\nhint: install Go, or name it with `--go PATH`\n"))

        let target = ["restore", archive, "--gocache", program.path("restored"), "--quiet"]
        let restored = try await program.run(target + ["--no-gomodcache", "--go", missing])
        #expect(restored.status == 0 && restored.output.isEmpty)
        #expect(restored.errors.hasPrefix("warning: the settings of the jobs were not compared with those"))
        #expect(restored.errors.contains("cannot run `\(missing)`"))
        #expect(restored.errors.contains("`--go PATH`") && restored.errors.contains("`--no-go`"))
        #expect(restored.errors.split(separator: "\n").count == 1)
        #expect(
            try await program.run(target + ["--no-gomodcache", "--no-go"]) == Program.Result(status: 0)
        )
    }

    @Test("prints its version and its help", arguments: [["--version"], ["--help"], ["pack", "--help"]])
    func help(arguments: [String]) async throws {
        let program = try Program()
        defer { program.remove() }
        let result = try await program.run(arguments)
        #expect(result.status == 0)
        #expect(result.errors.isEmpty)
        #expect(!result.output.isEmpty)
    }
}
