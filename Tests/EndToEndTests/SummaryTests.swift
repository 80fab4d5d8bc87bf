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
            var build: String
            /// The import paths that Go named as compiled, without programs.
            var compiled: Set<String>
        }

        /// Runs a job in caches of its own, in which Go tells by flags what it compiles.
        private func job(_ flags: [String]) async throws -> Job {
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
                ["build"] + flags + ["-buildvcs=false", "-o", "\(top)/program", "."]
            )
            let log = outcome.output + outcome.errors
            try log.write(toFile: "\(top)/log", atomically: false, encoding: .utf8)
            _ = try await workspace.cachectl.succeed(
                workspace.packing("alpha", from: build, workspace.moduleCache, to: "\(top)/new.castore")
            )
            let lines = log.split(separator: "\n")
            let names: [Substring] =
                if flags == ["-v"] {
                    lines
                } else {
                    lines.filter { $0.contains("/compile -o ") }
                        .compactMap { $0.split(separator: " ").drop { $0 != "-p" }.dropFirst().first }
                }
            return Job(
                archive: "\(top)/new.castore",
                log: "\(top)/log",
                restored: "\(top)/restore.json",
                build: build,
                compiled: Set(names.map(String.init)).subtracting(["main", "example.org/alpha"])
            )
        }

        @Test(
            "names what Go compiled and the program, and counts the rest as hits",
            arguments: [["-x"], ["-json", "-x"]]
        )
        func hits(flags: [String]) async throws {
            let workspace = try await Workspace.shared.value
            let job = try await job(flags)
            let arguments =
                ["summary", job.archive, "--base", workspace.pack("beta"), "--log", job.log]
                + ["--restored", job.restored]
            let outcome = try await workspace.cachectl.succeed(arguments + ["--json"])
            #expect(outcome.errors.isEmpty)
            let document = try EndToEnd.object(outcome.output)
            let compiled = try #require(document["compiled"] as? [String])
            #expect(!compiled.isEmpty)
            #expect(Set(compiled) == job.compiled)
            #expect(compiled.contains { $0.hasPrefix("example.com/") })
            #expect(document["programs"] as? [String] == ["example.org/alpha"])
            #expect(document["mentioned"] as? [String] == [])
            #expect(try #require(document["hits"] as? Int) > 50)
            let restored = try #require(document["restored"] as? [String: Any])
            #expect(try #require(restored["bytes_written"] as? Int) > 1_000_000)
            #expect(try #require(restored["kept_stored_bytes"] as? Int) > 1_000_000)

            // The page tells the same, so that one of the logs suffices.
            guard flags == ["-x"] else { return }
            let page = try await workspace.cachectl.succeed(arguments + ["--budget", "10GB"])
            #expect(page.errors.isEmpty)
            #expect(page.lines[0].hasPrefix("### Go caches: "))
            for part in [
                "the go commands in the log compiled **\(compiled.count)** (misses)", "Largest growth: ",
                "Within the budget", " They also compiled the program `example.org/alpha`.",
            ] {
                #expect(page.output.contains(part), "\(part)")
            }
            for name in compiled.prefix(25) { #expect(page.output.contains("- `\(name)`\n")) }
        }

        @Test("tells hits and misses only by logs that prove them, of go build, vet and test")
        func logs() async throws {
            let workspace = try await Workspace.shared.value
            let job = try await job(["-v"])
            var go = workspace.goCommand(in: "alpha", proxy: "off")
            go.environment["GOCACHE"] = job.build
            func summary(_ log: String) async throws -> (json: [String: Any], errors: String) {
                let outcome = try await workspace.cachectl.succeed(
                    ["summary", job.archive, "--log", log, "--json"]
                )
                return (try EndToEnd.object(outcome.output), outcome.errors)
            }
            let named = try await summary(job.log)
            #expect(Set(try #require(named.json["mentioned"] as? [String])) == job.compiled)
            #expect(named.json["compiled"] is NSNull && named.json["hits"] is NSNull)
            #expect(named.errors.hasPrefix("warning: the log does not tell which packages were compiled"))

            let program = ["-buildvcs=false", "-o", "\(job.log).program"]
            for (arguments, isConclusive) in [
                (["build"] + program, false), (["build", "-v"] + program, false), (["vet", "-v"], false),
                (["test", "-v"], false), (["test", "-json"], false),
                (["build", "-n", "-a"] + program, false),
                (["build", "-x"] + program, true), (["vet", "-x"], true),
            ] {
                let outcome = try await go.succeed(arguments)
                let path = "\(job.log).\(arguments.prefix(2).joined())"
                try (outcome.output + outcome.errors).write(toFile: path, atomically: false, encoding: .utf8)
                let (json, errors) = try await summary(path)
                #expect(errors.isEmpty == isConclusive, "\(arguments)")
                if isConclusive {
                    #expect(json["compiled"] as? [String] == [], "\(arguments)")
                    #expect(try #require(json["hits"] as? Int) > 50, "\(arguments)")
                } else {
                    #expect(json["compiled"] is NSNull && json["hits"] is NSNull, "\(arguments)")
                }
            }
            #expect(try await summary(job.archive).json["hits"] is NSNull, "a binary file proves nothing")
        }

        @Test("compares with no base that is absent or damaged, and is written with a warning all the same")
        func base() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("base")
            let whole = try Data(contentsOf: URL(filePath: workspace.pack("beta")))
            try whole.dropLast(9).write(to: URL(filePath: "\(top)/cut"))
            try (Data(repeating: 0x5A, count: whole.count - 25) + whole.suffix(25))
                .write(to: URL(filePath: "\(top)/damaged"))
            for (path, code) in [
                ("\(top)/absent", "notFound"), ("\(top)/cut", "notAnArchive"),
                ("\(top)/damaged", "corruptArchive"),
                (top, "badArgument"),
            ] {
                let arguments = ["summary", workspace.pack("alpha"), "--base", path]
                let page = try await workspace.cachectl.succeed(arguments)
                #expect(page.errors.hasPrefix("warning: "), "\(page)")
                #expect(page.errors.contains("so the summary shows no changes"), "\(page)")
                #expect(page.output.contains("compare"), "\(page)")
                #expect(!page.output.contains("| before |"), "\(page)")
                let json = try await workspace.cachectl.succeed(arguments + ["--json"])
                let document = try EndToEnd.object(json.output)
                #expect(document["base"] is NSNull && document["growth_bytes"] is NSNull)
                #expect(document["base_error"] as? String == code)
            }
            // The job's own archive is not forgiven.
            for arguments in [["\(top)/cut"], ["\(top)/cut", "--base", "\(top)/cut"]] {
                let outcome = try await workspace.cachectl.run(["summary"] + arguments)
                #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
            }
        }

        @Test("refuses a budget that is no size at once, by a sentence with the accepted forms")
        func badBudget() async throws {
            let workspace = try await Workspace.shared.value
            for budget in ["abc", "0", "0MB", "-1", "500", "1e9GB", "99999999999GB", "", "--json"] {
                let outcome = try await workspace.cachectl.run(
                    ["summary", "/nowhere", "--budget", budget]
                )
                #expect(outcome.status == 64 && outcome.output.isEmpty, "\(outcome)")
                #expect(outcome.errors.hasPrefix("error: The value '\(budget)' is invalid for '--budget"))
                #expect(outcome.errors.contains("it must be a size of at least 1 byte with a unit, such as"))
            }
        }

        @Test("is written without hits, with a warning, where a log is absent or was cut off; takes a pipe")
        func unreadLogs() async throws {
            let workspace = try await Workspace.shared.value
            let job = try await job(["-x"])
            func summary(_ log: String, _ filter: String) async throws -> (hits: Any?, errors: String) {
                let outcome = try await workspace.shell(
                    "\(filter) <\"$2\" | timeout 60 \"$CACHECTL\" summary \"$1\" --json --log \(log)",
                    [job.archive, job.log]
                )
                #expect(outcome.status == 0, "\(outcome)")
                return (try EndToEnd.object(outcome.output)["hits"], outcome.errors)
            }
            for (log, filter, words) in [
                ("/nowhere/log", "true", "cannot open"), ("/dev/zero", "true", "can't be read as a log"),
                ("/", "true", "a directory can't be read"),
                ("/dev/stdin", "sed '/compile -o/q'", "the log was cut off"),
            ] {
                let (hits, errors) = try await summary(log, filter)
                #expect(hits is NSNull, "\(log)")
                #expect(errors.hasPrefix("warning: ") && errors.contains(words), "\(errors)")
                #expect(errors.contains("so the summary shows no hits"), "\(errors)")
            }
            let (hits, errors) = try await summary("/dev/stdin", "cat")
            #expect(try #require(hits as? Int) > 50)
            #expect(errors.isEmpty)
        }

        @Test("that can't be written is an error")
        func full() async throws {
            let workspace = try await Workspace.shared.value
            for option in ["", "--json"] {
                let outcome = try await workspace.shell(
                    "\"$CACHECTL\" summary \"$1\" \(option) >/dev/full",
                    [workspace.pack("alpha")]
                )
                #expect(outcome.status == 1)
                #expect(outcome.errors.hasPrefix("error: cannot write to standard output"))
            }
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
            let alone = try await workspace.cachectl.run(["summary", workspace.union, "--budget", "1MB"])
            #expect(alone.status == 1 && alone.errors.contains("; `std` takes most, "), "\(alone.errors)")
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
