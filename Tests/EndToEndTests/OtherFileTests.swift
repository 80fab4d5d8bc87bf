import Foundation
import Testing

extension EndToEnd {
    /// Tests of options that name a file to write, where the file is one of the user's by mistake.
    @Suite("A file that is named by mistake")
    struct OtherFiles {
        private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }

        @Test("is not replaced by metrics: the archive, whatever its spelling, and any file of another kind")
        func metrics() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("mistaken")
            let files = FileManager.default
            let archive = "\(top)/a.castore"
            try files.copyItem(atPath: workspace.union, toPath: archive)
            let content = try bytes(archive)
            try files.createSymbolicLink(atPath: "\(top)/soft.prom", withDestinationPath: archive)
            try files.linkItem(atPath: archive, toPath: "\(top)/hard.prom")
            try files.createSymbolicLink(atPath: "\(top)/top", withDestinationPath: top)
            for name in ["a.castore", "./a.castore", "soft.prom", "hard.prom", "top/a.castore"] {
                let outcome = try await workspace.cachectl.run(
                    ["info", archive, "--metrics", "\(top)/\(name)"]
                )
                EndToEnd.expectFailure(outcome, status: 64, naming: "the archive itself", name)
                #expect(try bytes(archive) == content && bytes("\(top)/hard.prom") == content, "\(name)")
            }

            let other = "\(top)/other"
            for text in ["mine", "# HELP cachestore", "# HELP node_cpu x\n", "\n"] {
                try text.write(toFile: other, atomically: false, encoding: .utf8)
                let outcome = try await workspace.cachectl.run(["info", archive, "--metrics", other])
                EndToEnd.expectFailure(outcome, status: 1, naming: other, "hint: ")
                #expect(!outcome.errors.contains("--force"), "\(outcome)")
                #expect(try String(contentsOfFile: other, encoding: .utf8) == text)
            }
            for _ in 0..<2 {
                try Data().write(to: URL(fileURLWithPath: other))
                for _ in 0..<2 {
                    _ = try await workspace.cachectl.succeed(["info", archive, "--metrics", other])
                }
                #expect(try String(contentsOfFile: other, encoding: .utf8).hasPrefix("# HELP cachestore_"))
            }
        }

        @Test("is refused before the archive is read, if its directory is missing")
        func missingDirectory() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("mistaken")
            let archive = "\(top)/a.castore"
            // The index is damaged: a command that read it would name it.
            var content = try bytes(workspace.union)
            for place in content.count - 2000..<content.count - 1000 { content[place] ^= 0x55 }
            try content.write(to: URL(fileURLWithPath: archive))
            let damaged = try await workspace.cachectl.run(["info", archive])
            EndToEnd.expectFailure(damaged, status: 2, naming: archive)
            let missing = "\(top)/missing"
            let outcome = try await workspace.cachectl.run([
                "info", archive, "--metrics", "\(missing)/x.prom",
            ])
            EndToEnd.expectFailure(outcome, status: 1, naming: missing, "hint: make the directory")
        }

        @Test("is not appended to as a log: nothing is logged, with one warning, and --strict fails")
        func log() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("mistaken")
            let archive = "\(top)/a.castore"
            try FileManager.default.copyItem(atPath: workspace.union, toPath: archive)
            for name in ["x.log.used", "notes"] {
                try "my notes\n".write(toFile: "\(top)/\(name)", atomically: false, encoding: .utf8)
            }
            func snapshot() throws -> [String: Data] {
                let names = try FileManager.default.contentsOfDirectory(atPath: top).filter { $0 != "cache" }
                return try [String: Data](
                    uniqueKeysWithValues: names.map { ($0, try bytes("\(top)/\($0)")) }
                )
            }
            let before = try snapshot()
            let line = #"""
                echo '{"ID":1,"Command":"close"}' |
                GOCACHE="$1/cache" "$CACHECTL" prog "$1/a.castore" --log "$1/$2" $3
                """#
            for (name, fault) in [
                ("a.castore", "a.castore`"), ("notes", "notes`"), ("x.log", "x.log.used`"),
            ] {
                let outcome = try await workspace.shell(line, [top, name, ""])
                #expect(outcome.status == 0 && outcome.output.contains(#""ID":1"#), "\(outcome)")
                #expect(outcome.errors.hasPrefix("warning: ") && outcome.errors.contains(fault), "\(outcome)")
                #expect(outcome.errors.components(separatedBy: "warning: ").count == 2, "\(outcome)")
                let strict = try await workspace.shell(line, [top, name, "--strict"])
                EndToEnd.expectFailure(strict, status: 64, naming: fault)

                var cachectl = try workspace.cachectl
                cachectl.directory = "\(workspace.root)/programs/gamma"
                cachectl.environment["GOCACHE"] = "\(top)/cache"
                cachectl.environment["GOMODCACHE"] = "\(top)/cache/mod"
                let command = ["run", "--go", workspace.go, "--log", "\(top)/\(name)", "--quiet"]
                let words = [archive, "--", "/usr/bin/env"]
                let run = try await cachectl.run(command + words)
                #expect(run.status == 0 && run.errors.contains("warning: go commands are not"), "\(run)")
                #expect(run.output.contains("GOCACHEPROG=") && !run.output.contains("--log"), "\(run)")
                let strictRun = try await cachectl.run(command + ["--strict"] + words)
                EndToEnd.expectFailure(strictRun, status: 64, naming: fault)
                #expect(try snapshot() == before, "\(name)")
            }
            // A log of such a program is appended to, also where its first line is torn.
            for torn in ["", "{\"ti", "{\"time\":\"x"] {
                try torn.write(toFile: "\(top)/y.log", atomically: false, encoding: .utf8)
                for _ in 0..<2 {
                    let outcome = try await workspace.shell(line, [top, "y.log", "--strict"])
                    #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome)")
                }
                let lines = try String(contentsOfFile: "\(top)/y.log", encoding: .utf8).split(separator: "\n")
                #expect(lines.count == (torn.isEmpty ? 2 : 3), "\(lines)")
            }
        }
    }
}
