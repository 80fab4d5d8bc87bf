import Foundation
import Testing

extension EndToEnd {
    @Suite("A wrong command line")
    struct Usage {
        /// Command lines, each with a word that the message must contain.
        ///
        /// The test replaces `ARCHIVE`, `BUILD`, `MOD` and `OUT` with paths.
        private static let lines: [(String, String)] = [
            ("restore ARCHIVE --gocache BUILD --gomodcache MOD --jobs 0", "--jobs"),
            ("restore ARCHIVE --gocache BUILD --gomodcache MOD --jobs 257", "--jobs"),
            ("restore ARCHIVE --gocache BUILD --gomodcache MOD --jobs many", "many"),
            ("restore ARCHIVE --gocache BUILD --gomodcache MOD --module-zips all", "none"),
            ("restore ARCHIVE --gocache BUILD --gomodcache MOD --only alpha,", "empty"),
            ("restore ARCHIVE --gocache BUILD --gomodcache MOD --only nobody", "nobody"),
            ("restore ARCHIVE --no-gocache --no-gomodcache", "--no-gocache"),
            ("restore ARCHIVE --gocache BUILD --no-gocache --gomodcache MOD", "--no-gocache"),
            ("restore --gocache BUILD --gomodcache MOD", "archive"),
            ("restore ARCHIVE --gocache BUILD --gomodcache MOD --frobnicate", "frobnicate"),
            ("pack --label x -o OUT --gocache BUILD --gomodcache MOD --no-go --level 99", "--level"),
            ("pack --label x -o OUT --gocache BUILD --gomodcache MOD --no-go --level 0", "--level"),
            ("pack --label a/b -o OUT --gocache BUILD --gomodcache MOD --no-go", "a/b"),
            ("pack --label .x -o OUT --gocache BUILD --gomodcache MOD --no-go", ".x"),
            ("pack -o OUT --gocache BUILD --gomodcache MOD --no-go", "--label"),
            ("pack --label x --gocache BUILD --gomodcache MOD --no-go", "--output"),
            ("pack --label x -o - --gocache BUILD --gomodcache MOD --no-go", "standard output"),
            ("pack --label x -o OUT --no-gocache --no-gomodcache --no-go", "--no-gomodcache"),
            ("pack --label x -o OUT --no-go", "GOCACHE"),
            ("union -o OUT", "archive"),
            ("union ARCHIVE", "--output"),
            ("difference ARCHIVE -o OUT", "other"),
            ("difference ARCHIVE ARCHIVE", "--output"),
            ("intersect -o OUT", "archive"),
            ("intersect ARCHIVE", "--output"),
            ("ls ARCHIVE --kind trees", "trees"),
            ("ls ARCHIVE --source nobody", "nobody"),
            ("ls ARCHIVE --glob [a", "["),
            ("cat ARCHIVE file example.com/m", "module@version/path"),
            ("cat ARCHIVE tree example.com/m@v1.0.0", "tree"),
            ("cat ARCHIVE output 123", "hexadecimal"),
            ("info", "archive"),
            ("verify", "archive"),
            ("verify ARCHIVE --sample 5", "--sample"),
            ("verify ARCHIVE --sample 0%", "above 0 %"),
            ("verify ARCHIVE --sample 100.5%", "at most 100 %"),
            ("verify ARCHIVE --for 2", "--for"),
            ("verify ARCHIVE --for 0s", "millisecond"),
            ("verify ARCHIVE --sample 5% --for 2s", "--for"),
            ("verify ARCHIVE --sample 5% --go-sum OUT", "--go-sum"),
            ("verify ARCHIVE --for 2s --go-sum OUT", "--go-sum"),
            ("verify ARCHIVE --seed 7", "--seed"),
            ("verify ARCHIVE --sample 5% --seed -1", "--seed"),
            ("verify ARCHIVE --sample 5% --seed 4294967296", "4294967296"),
            ("union ARCHIVE -o OUT --on-conflict first", "drop"),
            ("diff ARCHIVE ARCHIVE --same-job --exit-code", "--exit-code"),
            ("info ARCHIVE --metrics=", "--metrics"),
            ("info ARCHIVE --metrics --json", "--metrics"),
            ("info ARCHIVE --metrics - --json", "standard output"),
            ("restore ARCHIVE --gocache BUILD --gomodcache MOD --gocache OUT", "--gocache"),
            ("pack --label x -o OUT --from-tar a --from-tar b --no-go", "--from-tar"),
            ("frobnicate", "frobnicate"),
            // An output may not replace what it lacks.
            (
                "pack --label x -o ARCHIVE --base ARCHIVE --force --gocache . --no-gomodcache --no-go",
                "so it can't take its place"
            ),
            ("difference ARCHIVE ARCHIVE -o ARCHIVE --force", "so it can't take its place"),
            ("select ARCHIVE -o ARCHIVE --unused-in ARCHIVE --force", "so it can't take its place"),
            ("select ARCHIVE -o ARCHIVE --unused-in ARCHIVE --dry-run", "so it can't take its place"),
        ]

        @Test("is status 64, one error that names what is wrong, and nothing left behind", arguments: lines)
        func usage(line: String, name: String) async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("usage")
            let places = [
                "ARCHIVE": workspace.union, "BUILD": "\(top)/build", "MOD": "\(top)/mod",
                "OUT": "\(top)/out.castore",
            ]
            let arguments = line.split(separator: " ").map { places[String($0)] ?? String($0) }
            let outcome = try await workspace.cachectl.run(arguments)
            EndToEnd.expectFailure(outcome, status: 64, naming: name)
            #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
        }

        @Test(
            "is none where help or the version is asked for",
            arguments: [["--help"], ["pack", "--help"], ["help", "union"], ["--version"]]
        )
        func help(arguments: [String]) async throws {
            let outcome = try await Workspace.shared.value.cachectl.succeed(arguments)
            #expect(!outcome.output.isEmpty)
            #expect(outcome.errors.isEmpty)
        }

        @Test(
            "every command's help says what it is for, with an example",
            arguments: [
                "pack", "union", "difference", "intersect", "restore", "verify", "info", "diff", "ls",
            ]
        )
        func examples(command: String) async throws {
            let outcome = try await Workspace.shared.value.cachectl.succeed([command, "--help"])
            #expect(outcome.output.contains("cachectl \(command) "))
            #expect(outcome.output.contains("Examples:"))
        }
    }
}
