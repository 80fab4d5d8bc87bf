import Foundation
import Testing

extension EndToEnd {
    @Suite("Standard streams:")
    struct Streams {
        /// Command lines that succeed, in which `OUT` and `DIR` stand for paths at which nothing exists.
        private static let lines = [
            "pack --label gamma --no-go --no-gocache --gomodcache RAW -o OUT",
            "union GAMMA -o OUT", "restore GAMMA --gocache DIR/build --gomodcache DIR/mod", "verify GAMMA",
            "info GAMMA", "ls GAMMA",
        ]

        private func arguments(_ line: String) async throws -> [String] {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("streams")
            let places = [
                "OUT": "\(top)/out.castore", "GAMMA": workspace.pack("gamma"),
                "RAW": workspace.rawModuleCache("gamma"),
                "DIR/build": "\(top)/build", "DIR/mod": "\(top)/mod",
            ]
            return line.split(separator: " ").map { places[String($0)] ?? String($0) }
        }

        @Test("--json is one object per line, with the command's schema first", arguments: lines)
        func json(line: String) async throws {
            let workspace = try await Workspace.shared.value
            let outcome = try await workspace.cachectl.succeed(arguments(line) + ["--json"])
            let command = line.prefix { $0 != " " }
            #expect(outcome.lines.count >= 1)
            if command != "ls" { #expect(outcome.lines.count == 1) }
            for line in outcome.lines {
                #expect(line.hasPrefix(#"{"schema":"cachectl.\#(command)/1","#))
                #expect(try EndToEnd.object(line).count > 2)
            }
        }

        @Test(
            "a summary has the digest that the JSON has, and warnings are not in it",
            arguments: ["union", "restore", "pack"]
        )
        func digest(command: String) async throws {
            let workspace = try await Workspace.shared.value
            let line = try #require(Self.lines.first { $0.hasPrefix(command) })
            let json = try await EndToEnd.object(
                workspace.cachectl.succeed(arguments(line) + ["--json"]).output
            )
            let digest = try #require(json["digest"] as? String)
            let text = try await workspace.cachectl.succeed(arguments(line))
            #expect(text.lines.last?.split(separator: " ") == ["digest", Substring(digest)])
            #expect(!text.output.contains("warning"))
        }

        @Test(
            "--quiet leaves standard output empty, and standard error to warnings",
            arguments: lines.prefix(4)
        )
        func quiet(line: String) async throws {
            let workspace = try await Workspace.shared.value
            let outcome = try await workspace.cachectl.succeed(arguments(line) + ["--quiet"])
            #expect(outcome.output.isEmpty)
            for line in outcome.errors.split(separator: "\n") {
                #expect(line.hasPrefix("warning: ") || line.hasPrefix("  "), "\(line)")
            }
            if line.hasPrefix("verify") || line.hasPrefix("union") { #expect(outcome.errors.isEmpty) }
        }

        @Test("to a pipe, neither has control characters", arguments: lines)
        func pipe(line: String) async throws {
            let workspace = try await Workspace.shared.value
            let outcome = try await workspace.shell(#""$CACHECTL" "$@" 2>&1 | cat"#, arguments(line))
            #expect(!outcome.output.isEmpty)
            #expect(!outcome.output.utf8.contains { $0 < 0x20 && $0 != 0x0A || $0 == 0x7F })
        }

        @Test("a reader that goes away is no failure")
        func head() async throws {
            let workspace = try await Workspace.shared.value
            for options in ["", "--json", "--files --long"] {
                let outcome = try await workspace.shell(
                    #"{ "$CACHECTL" ls "$1" \#(options); echo "$?" > "$2"; } | head -n 1; cat "$2""#,
                    [workspace.union, Scratch.shared.place("status")]
                )
                #expect(outcome.lines.count == 2)
                #expect(outcome.lines.last == "0", "\(outcome)")
                #expect(outcome.errors.isEmpty, "\(outcome)")
            }
        }

        @Test("a full disk behind standard output: status 1 and a message", arguments: lines)
        func full(line: String) async throws {
            let workspace = try await Workspace.shared.value
            let outcome = try await workspace.shell(#""$CACHECTL" "$@" > /dev/full"#, arguments(line))
            EndToEnd.expectFailure(outcome, status: 1, naming: "standard output")
        }

        @Test("closed streams do no harm", arguments: lines)
        func closed(line: String) async throws {
            let workspace = try await Workspace.shared.value
            let arguments = try await arguments(line)
            let outcome = try await workspace.shell(#""$CACHECTL" "$@" <&- >&- 2>&-"#, arguments)
            #expect(outcome.status == 0, "\(outcome)")
            for archive in arguments where archive.hasSuffix(".castore") {
                _ = try await workspace.cachectl.succeed(["verify", archive])
            }
        }

        @Test("`ls` can be narrowed by kind, source and pattern, and lists files")
        func ls() async throws {
            let workspace = try await Workspace.shared.value
            func ls(_ options: String...) async throws -> [String] {
                try await workspace.cachectl.succeed(["ls", workspace.union] + options).lines
            }
            #expect(
                try await ls("--kind", "tree", "--glob", "*legacy*") == [
                    "tree     example.com/legacy@v2.1.0+incompatible"
                ]
            )
            let files = try await ls("--files", "--kind", "tree", "--glob", "*/ünïcode.txt")
            #expect(files == ["file     example.com/!upper!case/!kit@v0.9.0-rc.1/Deep/Är/ünïcode.txt"])
            let (all, beta) = try await (ls(), ls("--source", "beta"))
            #expect(beta.count < all.count && Set(beta).isSubset(of: all))
            #expect(try await Set(beta).union(ls("--source", "alpha,gamma")) == Set(all))
        }
    }
}
