import Foundation
import Testing

extension EndToEnd {
    @Suite("The summary of a job")
    struct Summary {
        /// A job that restored the pack of `beta`, built `alpha`, and packed its caches.
        private struct Job {
            var archive: String
            var log: String
            var restored: String
            /// The import paths that Go named as compiled, without programs.
            var compiled: Set<String>
        }

        /// Runs a job in caches of its own, in which Go names what it compiles by a flag, `-v` or `-x`.
        private func job(_ flag: String) async throws -> Job {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("job")
            let build = "\(top)/build"
            let restore = try await workspace.cachectl.succeed(
                ["restore", workspace.pack("beta"), "--gocache", build, "--no-gomodcache"]
                    + ["--profile", "ci", "--json", "--go", workspace.go]
            )
            try restore.output.write(toFile: "\(top)/restore.json", atomically: false, encoding: .utf8)
            var go = workspace.goCommand(in: "alpha", proxy: "off")
            go.environment["GOCACHE"] = build
            let outcome = try await go.succeed(
                ["build", flag, "-buildvcs=false", "-o", "\(top)/program", "."]
            )
            try outcome.errors.write(toFile: "\(top)/log", atomically: false, encoding: .utf8)
            _ = try await workspace.cachectl.succeed(
                workspace.packing("alpha", from: build, workspace.moduleCache, to: "\(top)/new.castore")
            )
            let lines = outcome.errors.split(separator: "\n")
            let names: [Substring] =
                if flag == "-v" {
                    lines
                } else {
                    lines.filter { $0.contains("/compile -o ") }
                        .compactMap { $0.split(separator: " ").drop { $0 != "-p" }.dropFirst().first }
                }
            return Job(
                archive: "\(top)/new.castore",
                log: "\(top)/log",
                restored: "\(top)/restore.json",
                compiled: Set(names.map(String.init)).subtracting(["main", "example.org/alpha"])
            )
        }

        @Test("names what Go compiled, by -v as by -x, and counts the rest as hits", arguments: ["-v", "-x"])
        func hits(flag: String) async throws {
            let workspace = try await Workspace.shared.value
            let job = try await job(flag)
            let outcome = try await workspace.cachectl.succeed(
                ["summary", job.archive, "--base", workspace.pack("beta"), "--log", job.log, "--json"]
                    + ["--restored", job.restored]
            )
            let document = try EndToEnd.object(outcome.output)
            let compiled = try #require(document["compiled"] as? [String])
            #expect(!compiled.isEmpty)
            #expect(Set(compiled) == job.compiled)
            #expect(
                compiled.contains("example.com/lib") || compiled.contains { $0.hasPrefix("example.com/") }
            )
            #expect(try #require(document["hits"] as? Int) > 50)
            let restored = try #require(document["restored"] as? [String: Any])
            #expect(try #require(restored["bytes_written"] as? Int) > 1_000_000)
            #expect(try #require(restored["kept_stored_bytes"] as? Int) > 1_000_000)

            // The page tells the same, so that one of the logs suffices.
            guard flag == "-v" else { return }
            let page = try await workspace.cachectl.succeed(
                ["summary", job.archive, "--base", workspace.pack("beta"), "--log", job.log]
                    + ["--restored", job.restored, "--budget", "10GB"]
            )
            #expect(page.errors.isEmpty)
            #expect(page.lines[0].hasPrefix("### Go caches: "))
            for part in [
                "the job compiled **\(compiled.count)** (misses)", "Largest growth: ", "Within the budget",
            ] {
                #expect(page.output.contains(part), "\(part)")
            }
            for name in compiled.prefix(25) { #expect(page.output.contains("- `\(name)`\n")) }
        }

        @Test("over budget is written all the same, with status 1 and an error that says by how much")
        func budget() async throws {
            let workspace = try await Workspace.shared.value
            let outcome = try await workspace.cachectl.run(
                ["summary", workspace.union, "--base", workspace.pack("beta"), "--budget", "1MB"]
            )
            #expect(outcome.status == 1)
            #expect(outcome.output.contains("> **Over budget:** "))
            #expect(outcome.errors.hasPrefix("error: `\(workspace.union)` is "))
            #expect(outcome.errors.contains(" over the budget of 1.00 MB; `"))
            #expect(outcome.errors.contains("\nhint: pack only what the job used "))
        }
    }

    @Suite("A restore where nothing can hit")
    struct FutileRestore {
        @Test("says so in its last line and in its JSON, and one that can hit does not")
        func last() async throws {
            let workspace = try await Workspace.shared.value
            let other = try workspace.goScript(#"GOARCH=arm64 exec "$GO" "$@""#)
            for (go, isFutile) in [(other, true), (workspace.go, false)] {
                let target = try Scratch.shared.place("futile")
                let arguments =
                    workspace.restoring(to: "\(target)/build", workspace.moduleCache) + ["--go", go]
                let outcome = try await workspace.cachectl.succeed(arguments)
                let last = try #require(outcome.lines.last)
                #expect(last.hasPrefix("nothing in it can hit here") == isFutile, "\(outcome)")
                let json = try await workspace.cachectl.succeed(arguments + ["--json"])
                #expect(try EndToEnd.object(json.output)["nothing_hits"] as? Bool == isFutile)
            }
        }
    }
}
