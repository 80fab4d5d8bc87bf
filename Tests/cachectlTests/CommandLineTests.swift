import ArgumentParser
import Testing

@testable import CacheStore
@testable import cachectl

@Suite("The command line")
struct CommandLineTests {
    @Test(
        "is accepted",
        arguments: [
            "pack --label aws -o x",
            "pack --label aws -o x --no-gocache --level 19 --strict --force --json",
            "pack --label aws -o x --no-go --gocache a --gomodcache b --jobs 256 -q",
            "union a -o b --force", "union a b c --output d", "difference a b c -o d --force --jobs 2",
            "intersect a -o b", "diff a b --top 3 --exit-code --json -q",
            "intersect a b --output c --json -q",
            "pack --label aws -o x --base a --base b", "pack --label aws -o x --base a --recheck",
            "pack --label aws -o x --dry-run --json",
            "restore a --only x,y --only z --module-zips make --sync", "restore a --skip-damaged",
            "repair a -o b", "repair a --from b c -o d --force", "repair a -o b --from c --from d --jobs 2",
            "pack --label aws -o x --keep test,vet --drop index --drop main --used-since 1700000000",
            "pack --label aws -o x --keep all --drop vet",
            "pack --label a -o x --used-since 2026-11-22T10:00:00+01:00", "restore a --profile ci",
            "seal d", "explain a --only x,y --top 3", "seal d --profile readonly --check",
            "seal d --gomodcache m", "verify a b",
            "info a --json --quiet", "ls a -l --files --kind tree,zip --source x --glob *",
            "pack --label a -o x --used", "pack --label a -o x --used --checkout d --no-gomodcache",
            "pack --label a -o x --used-log l --used-log m.used --checkout d",
            "key", "key d --prefix p --fallbacks --go g --json -q", "restore a --no-go", "doctor a",
            "doctor a --go g --gomodcache m --only x,y -q",
            "doctor a --packages d ./x/... y --compile --json", "layers a -o d",
            "layers a --output d --force --split --only x,y --profile readonly --compression gzip --level 9",
            "layers a -o d --base oci:b --no-env --owner 1000:1000 --tag t --arch arm64 --jobs 2 -q",
            "layers a -o d --gocache /x --gomodcache /x --arch arm/v7",
            "layers a -o d --gocache /x/y --gomodcache /x --base oci:b:docker.io/library/golang:1.25",
            "layers a -o d --base oci:b:t:1 --gocache /x/y --no-gomodcache --env --level 19 --json",
            "summary a", "summary a --prog-log l --prog-log m",
            "summary a --base b --log l --log m --restored r --budget 1.5GB --top 200 --json -q",
            "manual", "manual pack --date 2026-11-28", "manual --names",
        ]
    )
    func accepted(line: String) throws {
        _ = try Cachectl.parseAsRoot(line.split(separator: " ").map(String.init))
    }

    @Test(
        "is a usage error, status 64",
        arguments: [
            "bogus", "pack", "pack --label aws", "pack --label a/b -o x", "pack --label .a -o x",
            "pack --label aws -o -", "pack --label aws -o --force", "pack --label aws -o x --level 0",
            "pack --label aws -o x --level 20",
            "pack --label aws -o x --gocache a --no-gocache",
            "pack --label aws -o x --gomodcache a --no-gomodcache",
            "pack --label aws -o x --no-gocache --no-gomodcache", "pack --label aws -o x --go g --no-go",
            "pack --label aws -o x --keep bogus", "pack --label aws -o x --drop all",
            "pack --label aws -o x --keep vet --drop vet", "pack --label aws -o x --used-since yesterday",
            "pack --label a -o x --used-since -5", "pack --label a -o x --used --used-since 5",
            "pack --label a -o x --used --used-log l", "pack --label a -o x --used-log l --used-since 5",
            "pack --label a -o x --used-log", "pack --label a -o x --used-log=",
            "pack --label a -o x --recheck", "pack --label a -o x --checkout d",
            "pack --label a -o x --used --checkout=",
            "key a b", "key --prefix a/b", "key --prefix=", "key --go=", "key --label a", "explain",
            "explain a --top 0", "explain a --only ,",
            "restore a --profile x", "seal", "seal d --profile ci", "seal d e", "union -o x", "union a",
            "difference a -o x", "difference a b", "difference a b -o -", "intersect -o x", "intersect a",
            "diff a", "diff a b c", "diff a b --top 0", "diff a b -o c",
            "repair", "repair a", "repair -o b", "repair a b -o c", "repair a --from -o b",
            "repair a -o b --from=",
            "restore", "restore a b", "restore a --only x,,y", "restore a --module-zips x",
            "restore a --no-gocache --no-gomodcache", "verify", "verify a --jobs 0", "verify a --jobs 257",
            "verify a --jobs x", "info", "ls a --kind trees", "ls a --glob [", "ls a --source ,",
            "restore a --go g --no-go", "doctor", "doctor a b", "doctor a --compile",
            "doctor a --packages d -x", "doctor a --gocache c", "doctor a --packages", "layers -o d",
            "layers a", "layers a -o -", "layers a b -o d", "layers a -o d --profile ci",
            "layers a -o d --compression xz", "layers a -o d --level 0", "layers a -o d --level 20",
            "layers a -o d --compression gzip --level 10", "layers a -o d --owner 1000",
            "layers a -o d --owner root:root", "layers a -o d --owner 4294967295:0",
            "layers a -o d --base b", "layers a -o d --base oci:", "layers a -o d --base oci:b:",
            "layers a -o d --gocache relative", "layers a -o d --gocache / --no-gomodcache",
            "summary", "summary a b", "summary a --budget 500", "summary a --budget 0MB", "summary a --top 0",
            "summary a --prog-log",
            "summary a --top 201", "layers a -o d --no-gocache --no-gomodcache",
            "layers a -o d --gocache /x --no-gocache",
        ]
    )
    func refused(line: String) throws {
        let error = #expect(throws: (any Error).self) {
            try Cachectl.parseAsRoot(line.split(separator: " ").map(String.init))
        }
        #expect(Cachectl.exitCode(for: try #require(error)) == .validationFailure)
    }

    @Test("takes a time in seconds, or as in RFC 3339, to the second")
    func times() throws {
        for (text, expected) in [
            ("0", 0), ("1700000000", 1_700_000_000), ("2023-11-14T22:13:20Z", 1_700_000_000),
            ("2023-11-14T23:13:20+01:00", 1_700_000_000),
        ] {
            #expect(try PointInTime.seconds(text) == expected, "\(text)")
        }
        for text in ["", "x", "-1", "1.5", "2023-11-14", "2023-13-14T22:13:20Z", "2023-11-14T22:13:20"] {
            #expect(throws: (any Error).self, "\(text)") { try PointInTime.seconds(text) }
        }
    }

    @Test("begins its complaints as all messages begin")
    func prefix() throws {
        let error = #expect(throws: (any Error).self) { try Cachectl.parseAsRoot(["info"]) }
        #expect(Cachectl.fullMessage(for: try #require(error)).hasPrefix("error: "))
    }

    @Test(
        "prints help that fits 80 columns",
        arguments: [
            "", "pack", "union", "difference", "intersect", "restore", "seal", "doctor", "verify", "info",
            "explain", "diff", "ls", "layers", "summary", "repair",
        ]
    )
    func help(command: String) throws {
        let type = Cachectl.configuration.subcommands.first { $0._commandName == command }
        let text = Cachectl.helpMessage(for: type ?? Cachectl.self, columns: 80)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("USAGE:") }
        #expect(lines.filter { $0.count > 80 } == [])
        #expect(text.contains("cachectl \(command)"))
    }
}

@Suite("The help of each command")
struct HelpExampleTests {
    private static let root = CommandInfo.read(Cachectl._dumpHelp())

    @Test("has examples of the command, and the parser takes each of them")
    func examples() throws {
        for command in try #require(Self.root).verbs {
            let lines = (command.discussion ?? "").split(separator: "\n").drop { $0 != "Examples:" }
                .dropFirst()
                .prefix { $0.hasPrefix("  ") }
            #expect(
                lines.contains { $0.hasPrefix("  cachectl \(command.commandName) ") },
                "\(command.commandName)"
            )
            // A line that the help breaks could not be copied.
            for line in lines { #expect(line.count <= 78, "\(line)") }
            for line in lines where line.hasPrefix("  cachectl ") {
                let words = line.split(separator: " ").dropFirst()
                    .prefix { !["|", "&&", ">>", ">"].contains($0) }
                    .map { $0 == "$JOB_START" ? "0" : $0.filter { $0 != "'" } }
                #expect(throws: Never.self, "\(line)") { try Cachectl.parseAsRoot(words) }
            }
        }
    }
}

@Suite("The exit status")
struct ExitCodeTests {
    @Test(
        "tells the causes apart",
        arguments: [
            (.notAnArchive, 2), (.corruptArchive, 2), (.unsafePath, 2), (.conflict, 2), (.damagedCache, 2),
            (.symbolicLink, 1),
            (.badArgument, 64), (.unsupportedVersion, 1), (.duplicateLabel, 1), (.notFound, 1), (.exists, 1),
            (.permissionDenied, 1), (.readOnly, 1), (.noSpace, 1), (.goCommand, 1), (.io, 1),
            (.overBudget, 1),
            (.emptyLog, 1),
        ] as [(CacheStoreError.Code, Int32)]
    )
    func status(code: CacheStoreError.Code, status: Int32) {
        #expect(ExitCode(CacheStoreError(code, "text")).rawValue == status)
    }

    @Test(
        "of an interruption is that of shells",
        arguments: [(2, 130), (15, 143), (1, 129)] as [(Int32, Int32)]
    )
    func signal(number: Int32, status: Int32) {
        #expect(ExitCode(signal: number).rawValue == status)
    }

    @Test(
        "refuses an address in place of a file, before a directory is made of it",
        arguments: [
            ["verify", "s3://example.com/a.castore"], ["restore", "a", "--gocache", "s3://bucket/c"],
            ["union", "a", "--output=gs://b/c"], ["diff", "a", "file:///a"],
            ["layers", "a", "-o", "docker://r/i:1"], ["restore", "a", "--gomodcache", "git+ssh://h/p"],
            ["union", "a", "-o", "https://h/a"], ["pack", "--output=oci://r/a:1"], ["seal", "https://h/a"],
            ["repair", "oci://r/a:1", "-o", "b"], ["restore", "https://h/a", "--gocache", "https://h/b"],
            ["summary", "oci://r/a:1", "--prog-log", "https://h/b"],
        ]
    )
    func addresses(arguments: [String]) throws {
        let error = #expect(throws: ValidationError.self) { try Cachectl.checkAddresses(arguments) }
        let address = try #require(arguments.last { $0.contains("://") }).split(separator: "=").last
        #expect(try #require(error).message.contains("`\(try #require(address))` is an address"))
    }

    @Test("takes words with colons that are no addresses")
    func noAddresses() throws {
        let words = [
            "--base", "oci:b:t:1", "cat", "a", "x://", "https:/a", "./https://a", "--base=docker://a",
        ]
        try Cachectl.checkAddresses(words)
        try Cachectl.checkAddresses(["restore", "https://h/a?secret", "--sync"])
        try Cachectl.checkAddresses(["cat", "oci://r/a:1", "mod", "a@v1"])
        try Cachectl.checkAddresses(["select", "a", "--unused-in", "oci://r/a:1", "-o", "b"])
        try Cachectl.checkAddresses(["ls", "a", "--glob", "https://*"])
        try Cachectl.checkAddresses(["cat", "a", "file", "https://x"])
    }

    @Test(
        "refuses an option that takes one value and is given twice, in each of its forms",
        arguments: [
            ("pack --label a -o x --from-tar a --from-tar b", "--from-tar"),
            ("pack --label a -o x --label=b", "--label"), ("union a b -o x --output y", "--output"),
            ("union a b --output=x -o=x", "-o"), ("info a --metrics - --metrics -", "--metrics"),
            ("restore a --jobs 1 --gocache b --jobs 1", "--jobs"),
            ("run --log a --log b x.castore go build", "--log"), ("prog a --log b --log b", "--log"),
            ("select a -o x --level 1 --max-size 1MB --level 2", "--level"),
        ]
    )
    func repetitions(line: String, name: String) throws {
        let arguments = line.split(separator: " ").map(String.init)
        let error = #expect(throws: ValidationError.self) { try Cachectl.checkRepetitions(arguments) }
        #expect(try #require(error).message.hasPrefix("`\(name)` is given more than once"))
    }

    @Test(
        "takes options that may be repeated, flags, values that look like options, and words of others",
        arguments: [
            "pack --label a -o x --base a --base b --keep test --keep vet",
            "pack --label a -o x -q -q --quiet",
            "restore a --only x --only y --for a --for b", "union a -o --output", "cat a -- --jobs --jobs",
            "run x.castore go build -o a -o b", "run x.castore -- go --log a --log b",
            "run --log a x.castore go test --log b", "layers a -o d --env --no-env --env",
            "--version --version",
            "nothing --jobs 1 --jobs 1", "info a --metrics - -q --json --jobs 1",
        ]
    )
    func noRepetitions(line: String) throws {
        try Cachectl.checkRepetitions(line.split(separator: " ").map(String.init))
    }
}
