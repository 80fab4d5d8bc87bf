import Foundation
import Testing

extension EndToEnd {
    @Suite("A pack of what was logged")
    struct LoggedUse {
        /// Returns the action IDs of the entries that Go has made or marked since a restore.
        private func used(in build: String) throws -> [String] {
            let recent = Date(timeIntervalSinceNow: -3600)
            return try FileManager.default.subpathsOfDirectory(atPath: build).filter { $0.hasSuffix("-a") }
                .filter { name in
                    let values = try FileManager.default.attributesOfItem(atPath: "\(build)/\(name)")
                    return try #require(values[.modificationDate] as? Date) > recent
                }
                .map { String($0.split(separator: "/")[1].dropLast(2)) }
        }

        @Test("has what builds have used, in GOCACHE and GOMODCACHE, as the marks of a restore tell it")
        func marks() async throws {
            let workspace = try await Workspace.shared.value
            let (build, modules) = (try Scratch.shared.place("build"), workspace.moduleCache)
            _ = try await workspace.cachectl.succeed(
                ["restore", workspace.union, "--profile", "ci", "--gocache", build, "--no-gomodcache"]
                    + ["--go", workspace.go]
            )
            var settings = ["GOCACHE": build, "GOMODCACHE": modules]
            #expect(try await workspace.build("gamma", proxy: "off", settings: settings).compiles == 0)
            let log = try Scratch.shared.place("prog.log")
            // Two go commands have used the same entries, and a third one had no room for its last line.
            let ids = try used(in: build).sorted()
            #expect(ids.count > 50)
            let block = ids.map { "\($0)\n" }.joined()
            try (block + block).write(toFile: "\(log).used", atomically: false, encoding: .utf8)

            func pack(_ options: [String], to name: String) async throws -> (String, Program.Outcome) {
                let archive = try Scratch.shared.place(name)
                let checkout = ["--checkout", "\(workspace.root)/programs/gamma", "--json"]
                return (
                    archive,
                    try await workspace.cachectl.succeed(
                        workspace.packing("gamma", from: build, modules, to: archive) + options + checkout
                    )
                )
            }
            let marked = try await pack(["--used"], to: "marked.castore")
            let logged = try await pack(["--used-log", log], to: "logged.castore")
            #expect(!logged.1.errors.contains("warning: "), "\(logged.1)")
            let (first, second) = (try EndToEnd.object(marked.1.output), try EndToEnd.object(logged.1.output))
            #expect(try #require(second["unused"] as? Int) > 20)
            #expect(second["unused"] as? Int == first["unused"] as? Int)
            #expect(try #require(second["unused_modules"] as? Int) > 0)
            #expect(second["restored_at"] is NSNull)
            let comparison = try await workspace.cachectl.run(
                ["diff", marked.0, logged.0, "--exit-code"]
            )
            #expect(comparison.status == 0, "\(comparison)")
            #expect(second["digest"] as? String == first["digest"] as? String)

            // Also where nothing has marks any more, as after a restore for an image.
            _ = try await workspace.shell(#"find "$1" -name '*-a' -exec touch -d '2 days ago' {} +"#, [build])
            let unmarked = try await pack(["--used-log", "\(log).used"], to: "unmarked.castore")
            #expect(
                try EndToEnd.object(unmarked.1.output)["digest"] as? String == second["digest"] as? String
            )

            let next = try Scratch.shared.place("next")
            _ = try await workspace.cachectl.succeed(
                ["restore", logged.0, "--gocache", next, "--no-gomodcache"]
            )
            settings["GOCACHE"] = next
            #expect(try await workspace.build("gamma", proxy: "off", settings: settings).compiles == 0)
            #expect(try await workspace.build("beta", proxy: "off", settings: settings).compiles > 0)
        }

        @Test("is refused without a log or an entry in it, names the file, and writes no archive")
        func missing() async throws {
            let workspace = try await Workspace.shared.value
            let (log, archive) = (try Scratch.shared.place("log"), try Scratch.shared.place("none.castore"))
            let arguments =
                workspace.packing("x", from: workspace.buildCache, workspace.moduleCache, to: archive)
                + ["--used-log", log, "--checkout", "\(workspace.root)/programs/gamma"]
            var outcome = try await workspace.cachectl.run(arguments)
            EndToEnd.expectFailure(outcome, status: 1, naming: "\(log).used")
            #expect(outcome.errors.contains("cachectl prog --log"), "\(outcome)")
            try "0123\n".write(toFile: "\(log).used", atomically: false, encoding: .utf8)
            outcome = try await workspace.cachectl.run(arguments)
            EndToEnd.expectFailure(outcome, status: 1, naming: log)
            #expect(outcome.errors.contains("1 line that is no action ID"), "\(outcome)")
            #expect(!FileManager.default.fileExists(atPath: archive))
        }

        @Test("is summed up by the log of figures, and a missing or foreign log costs only its part")
        func summary() async throws {
            let workspace = try await Workspace.shared.value
            let log = try Scratch.shared.place("prog.log")
            let line = """
                {"time":"2026-11-29T17:38:27Z","archives":["/a"],"gets":10,"hits":{"gocache":1,"archive":6},\
                "misses":3,"puts":3,"decodedBytes":2000,"putBytes":50,"answerMilliseconds":8.5,\
                "milliseconds":20.0,"errors":0}
                """
            try "\(line)\n\(line)\n{\"torn".write(toFile: log, atomically: false, encoding: .utf8)
            let arguments = ["summary", workspace.pack("alpha"), "--prog-log", log]
            let page = try await workspace.cachectl.succeed(arguments)
            #expect(
                page.output.contains("served 2 go commands, which made **6 entries** (100 B). Of 20 entries"),
                "\(page)"
            )
            #expect(page.errors.hasPrefix("warning: 1 line of the log of `cachectl prog` can't"), "\(page)")
            let json = try await workspace.cachectl.succeed(
                arguments + ["--json", "--prog-log", "/nowhere/x"]
            )
            let document = try EndToEnd.object(json.output)
            let program = try #require(document["program"] as? [String: Any])
            #expect(program["hits"] as? [String: Int] == ["gocache": 2, "archive": 12])
            #expect(program["answer_milliseconds"] as? Int == 17 && program["skipped_lines"] as? Int == 1)
            #expect(document["program_log_errors"] as? [String] == ["notFound"])
            for path in ["/nowhere/x", "/", workspace.pack("alpha")] {
                let outcome = try await workspace.cachectl.succeed(
                    ["summary", workspace.pack("alpha"), "--prog-log", path]
                )
                #expect(outcome.errors.hasPrefix("warning: "), "\(outcome)")
                #expect(outcome.lines[0].hasPrefix("### Go caches: "), "\(outcome)")
                #expect(!outcome.output.contains("served 0"), "\(outcome)")
            }
        }
    }
}
