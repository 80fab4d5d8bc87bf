import Foundation
import Testing

extension EndToEnd {
    @Suite("A selection from real packs")
    struct Selection {
        /// Selects from the union of all packs, and returns the archive and the JSON of the report.
        private func select(
            _ filters: [String],
            from inputs: [String]? = nil
        ) async throws -> (archive: String, report: [String: Any]) {
            let workspace = try await Workspace.shared.value
            let archive = try Scratch.shared.place("part.castore")
            let outcome = try await workspace.cachectl.succeed(
                ["select"] + (inputs ?? [workspace.union]) + ["-o", archive, "--json"] + filters
            )
            _ = try await workspace.cachectl.succeed(["verify", archive])
            return (archive, try EndToEnd.object(outcome.output))
        }

        /// Restores an archive's GOCACHE into a new directory, and returns the number of times that the
        /// compiler runs for each of some programs, each with its own copy.
        private func compiles(_ programs: String..., with archive: String) async throws -> [Int] {
            let workspace = try await Workspace.shared.value
            var counts: [Int] = []
            for program in programs {
                let build = try Scratch.shared.place("build")
                _ = try await workspace.cachectl.succeed(
                    ["restore", archive, "--gocache", build, "--no-gomodcache"]
                )
                let settings = ["GOCACHE": build]
                let outcome = try await workspace.build(program, proxy: "off", settings: settings)
                #expect(outcome.prints == workspace.prints[program])
                counts.append(outcome.compiles)
            }
            return counts
        }

        /// Builds a program with nothing but the modules of an archive.
        private func buildFromModules(_ program: String, of archive: String) async throws -> Bool {
            let workspace = try await Workspace.shared.value
            let (build, modules) = (try Scratch.shared.place("build"), try Scratch.shared.place("mod"))
            _ = try await workspace.cachectl.succeed(workspace.restoring(archive, to: build, modules))
            var go = workspace.goCommand(in: program, proxy: "off")
            go.environment.merge(["GOCACHE": build, "GOMODCACHE": modules]) { $1 }
            return try await go.run(["build", "-o", "/dev/null", "."]).status == 0
        }

        private func trees(of archive: String) async throws -> [String] {
            let workspace = try await Workspace.shared.value
            return try await workspace.cachectl.succeed(["ls", archive, "--kind", "tree"]).lines
                .compactMap { $0.split(separator: " ").last.map(String.init) }
        }

        @Test("of one source is the pack of that source, byte for byte, and its builds hit")
        func only() async throws {
            let workspace = try await Workspace.shared.value
            for program in Workspace.programs {
                let part = try await select(["--only", program]).archive
                let text = try await workspace.cachectl
                    .succeed(["select", workspace.union, "--only", program, "--dry-run"]).output
                #expect(
                    text.contains("\nleft out  ") && !text.contains("\nlost "),
                    "no other source was asked for"
                )
                #expect(
                    FileManager.default.contentsEqual(atPath: part, andPath: workspace.pack(program)),
                    "\(program)"
                )
            }
            let shared = try await select(["--shared-by", "alpha,beta,gamma"]).archive
            let counts = try await compiles("alpha", "gamma", with: shared)
            #expect(counts[0] > 1 && counts[0] < workspace.compiles["alpha"] ?? 0, "\(counts)")
            #expect(counts[1] >= 1 && counts[1] < counts[0], "\(counts)")
        }

        @Test("by patterns has what the named builds need, and lacks the rest")
        func patterns() async throws {
            let workspace = try await Workspace.shared.value
            let patterns = ["std", "example.com/UpperCase/*", "example.com/lib*", "*/programs/gamma"]
            let (part, report) = try await select(patterns.flatMap { ["--include", $0] })
            #expect(try await compiles("gamma", with: part) == [0])
            // Of the others, the program itself and all modules that no pattern names are compiled.
            #expect(try await compiles("alpha", "beta", with: part) == [2, 3])
            #expect(try await buildFromModules("gamma", of: part))
            #expect(try await !buildFromModules("alpha", of: part))
            #expect(
                try await trees(of: part) == [
                    "example.com/!upper!case/!kit@v0.9.0-rc.1", "example.com/lib@v1.0.0",
                    "example.com/lib@v1.1.0",
                ]
            )
            let removed = try #require(report["removed"] as? [String: Any])
            let losses = try #require(removed["entries_by_source"] as? [String: Int])
            #expect(losses["alpha"] ?? 0 > 0 && losses["beta"] ?? 0 > 0)

            // The other way round, and by version.
            let rest = try await select(
                ["--exclude", "example.com/lib@v1.1.0", "--exclude", "example.com/UpperCase/Kit"]
            ).archive
            #expect(try await compiles("alpha", "beta", "gamma", with: rest) == [1, 1, 1])
            #expect(try await trees(of: rest).contains("example.com/lib@v1.0.0"))
            #expect(try await !trees(of: rest).contains("example.com/lib@v1.1.0"))
            #expect(try await buildFromModules("beta", of: workspace.union))
            #expect(try await !buildFromModules("beta", of: rest))
            let both = try await select([], from: [part, rest]).archive
            let whole = try await workspace.cachectl.run(["diff", both, workspace.union, "--exit-code"])
            #expect(whole.status == 0, "what one lacks, the other has: \(whole)")
        }

        @Test("by the log of a served build has what that build used")
        func used() async throws {
            let workspace = try await Workspace.shared.value
            let (build, log) = (try Scratch.shared.place("build"), try Scratch.shared.place("prog.log"))
            let cachectl = try Tools.cachectl()
            let program = "'\(cachectl)' prog '\(workspace.union)' --log '\(log)'"
            let settings = ["GOCACHE": build, "GOCACHEPROG": program]
            #expect(try await workspace.build("gamma", proxy: "off", settings: settings).compiles == 0)

            let part = try await select(["--used", log]).archive
            #expect(try await compiles("gamma", with: part) == [0])
            #expect(try await compiles("beta", with: part)[0] > 3)
            #expect(try await buildFromModules("gamma", of: part))
            #expect(
                try await trees(of: part) == [
                    "example.com/!upper!case/!kit@v0.9.0-rc.1", "example.com/lib@v1.0.0",
                ]
            )
            let again = try await select(["--used", "\(log).used"], from: [part, workspace.union]).archive
            #expect(FileManager.default.contentsEqual(atPath: part, andPath: again))
        }

        @Test("within a size fits it, and a dry run says the same and writes nothing")
        func size() async throws {
            let workspace = try await Workspace.shared.value
            let attributes = try FileManager.default.attributesOfItem(atPath: workspace.union)
            let limit = try #require(attributes[.size] as? Int) / 2
            let filters = ["--max-size", "\(limit)B"]
            let (part, report) = try await select(filters)
            let size = try FileManager.default.attributesOfItem(atPath: part)[.size] as? Int
            #expect(try #require(size) <= limit)
            let cuts = try #require(report["cuts"] as? [[String: Any]])
            #expect(!cuts.isEmpty)

            let archive = try Scratch.shared.place("never.castore")
            let arguments = ["select", workspace.union, "--dry-run"] + filters
            let dry = try EndToEnd.object(
                try await workspace.cachectl.succeed(arguments + ["--json"]).output
            )
            #expect(!FileManager.default.fileExists(atPath: archive))
            for key in ["digest", "totals", "cuts"] {
                let values = try [dry, report].map { document in
                    try JSONSerialization.data(
                        withJSONObject: ["value": try #require(document[key])],
                        options: .sortedKeys
                    )
                }
                #expect(values[0] == values[1], "\(key)")
            }
            let removed = try #require(dry["removed"] as? [String: Any])
            let packages = try #require(removed["packages"] as? [[String: Any]])
            let names = Set(packages.compactMap { $0["import_path"] as? String })
            let cut = cuts.filter { $0["kind"] as? String == "package" }.compactMap { $0["name"] as? String }
            #expect(!cut.isEmpty && names.isSuperset(of: cut))
            let text = try await workspace.cachectl.succeed(arguments).output
            #expect(
                text.contains("nothing was written") && text.contains("What would go, by package")
                    && text.contains("\nlost      "),
                "\(text)"
            )
            #expect(dry["archive"] is NSNull && removed["modules_by_source"] is [String: Int])
            let outcome = try await workspace.cachectl.run(
                ["select", workspace.union, "-o", archive, "--max-size", "100B"]
            )
            EndToEnd.expectFailure(outcome, status: 1, naming: "can't be that small")
        }

        @Test("with a level is smaller, has the same digest, and builds hit as from the union")
        func level() async throws {
            let workspace = try await Workspace.shared.value
            let packs = Workspace.programs.map(workspace.pack)
            let (part, report) = try await select(["--level", "16"])
            let sizes = try [part, workspace.union].map {
                try #require(FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int)
            }
            #expect(sizes[0] * 100 < sizes[1] * 95, "\(sizes)")
            #expect(report["level"] as? Int == 16)
            let again = try await select(["--level", "16", "--jobs", "1"], from: packs.reversed()).archive
            #expect(FileManager.default.contentsEqual(atPath: part, andPath: again))
            let whole = try await workspace.cachectl.run(["diff", part, workspace.union, "--exit-code"])
            #expect(whole.status == 0, "\(whole)")
            #expect(try await compiles("beta", with: part) == compiles("beta", with: workspace.union))

            let dry = try await workspace.cachectl.succeed(
                ["select", workspace.union, "--dry-run", "--level", "16"]
            )
            #expect(dry.output.contains("before level 16 compresses it again"), "\(dry)")
            for (option, hint) in [
                (["--level", "20"], "--level"), (["--max-size", "1GB"], "first select with"),
            ] {
                let refused = try await workspace.cachectl.run(
                    ["select", workspace.union, "-o", part, "--level", "3"] + option
                )
                EndToEnd.expectFailure(refused, status: 64, naming: hint)
            }
            let plain = try await select([]).report
            #expect(plain["level"] is NSNull && plain["digest"] as? String == report["digest"] as? String)
        }

        @Test("warns of a pattern that matches nothing, as a listing does")
        func unmatched() async throws {
            let workspace = try await Workspace.shared.value
            for option in ["--include", "--exclude"] {
                let outcome = try await workspace.cachectl.succeed(
                    ["select", workspace.union, "--dry-run", "--json", option, "no/such*", option, "std"]
                )
                #expect(outcome.errors.contains("matches the pattern `no/such*`"), "\(outcome)")
                let warnings = try #require(
                    EndToEnd.object(outcome.output)["warnings"] as? [[String: Any]]
                )
                let codes = warnings.compactMap { $0["code"] as? String }
                #expect(codes.filter { $0 == "unmatchedPattern" }.count == 1, "\(warnings)")
            }
            let listing = try await workspace.cachectl.succeed(["ls", workspace.union, "--glob", "no/such*"])
            #expect(listing.output.isEmpty && listing.errors.contains("`no/such*`"), "\(listing)")
        }

        @Test("or a pack that is only previewed needs no output, and tells that one could not be written")
        func output() async throws {
            let workspace = try await Workspace.shared.value
            let build = try Scratch.shared.place("build")
            _ = try await workspace.cachectl.succeed(
                ["restore", workspace.union, "--gocache", build, "--no-gomodcache"]
            )
            let absent = try "\(Scratch.shared.place("absent"))/x.castore"
            for command in [
                ["select", workspace.union, "--only", "alpha"],
                ["pack", "--label", "x", "--no-go", "--no-gomodcache", "--gocache", build],
            ] {
                let dry = command + ["--dry-run"]
                let outcome = try await workspace.cachectl.succeed(dry)
                #expect(outcome.output.contains("nothing was written"), "\(outcome)")
                let lost = try await workspace.cachectl.run(dry + ["-o", absent])
                EndToEnd.expectFailure(lost, status: 1, naming: "no directory for the output")
                let there = try await workspace.cachectl.succeed(dry + ["-o", workspace.pack("alpha")])
                #expect(there.errors.contains("exists already") && there.errors.contains("--force"))
                let forced = try await workspace.cachectl.succeed(
                    dry + ["--force", "-o", workspace.pack("alpha")]
                )
                #expect(!forced.errors.contains("exists already"), "\(forced)")
                let missing = try await workspace.cachectl.run(command)
                EndToEnd.expectFailure(missing, status: 64, naming: "--output <file>")
            }
        }

        @Test("by a log that names nothing fails, and the hint is about a log, not a pack")
        func emptyLog() async throws {
            let workspace = try await Workspace.shared.value
            let log = try Scratch.shared.place("empty.used")
            for text in ["", "torn"] {
                try text.write(toFile: log, atomically: true, encoding: .utf8)
                let outcome = try await workspace.cachectl.run(
                    ["select", workspace.union, "--dry-run", "--used", log]
                )
                EndToEnd.expectFailure(outcome, status: 1, naming: "no entry", "GOCACHEPROG")
                #expect(!outcome.errors.contains("pack after"), "\(outcome)")
            }
        }

        @Test("refuses filters that contradict each other, name no class, pattern or source")
        func usage() async throws {
            let workspace = try await Workspace.shared.value
            let archive = try Scratch.shared.place("never.castore")
            for (filters, words) in [
                (["--keep", "vet", "--drop", "vet"], "both kept and dropped"),
                (["--keep", "nothing"], "unknown class"), (["--include", "[a"], "not closed"),
                (["--include", ""], "pattern is empty"), (["--exclude", ""], "pattern is empty"),
                (["--only", "nobody"], "nobody"), (["--shared-by", "nobody"], "nobody"),
                (["--only", "alpha", "--shared-by", "alpha,beta"], "beta"), (["--used", ""], "--used"),
                (["--max-size", "0B"], "at least 1 byte"),
            ] {
                let outcome = try await workspace.cachectl.run(
                    ["select", workspace.union, "-o", archive] + filters
                )
                EndToEnd.expectFailure(outcome, status: 64, naming: words)
            }
            #expect(!FileManager.default.fileExists(atPath: archive))
        }
    }
}
