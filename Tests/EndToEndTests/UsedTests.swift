import Foundation
import Testing

extension EndToEnd {
    @Suite("A pack of what a job has used")
    struct Used {
        /// Two caches of a job, at the paths under which the shared packs were built, or copies of them.
        private func restored(_ options: [String] = ["--profile", "ci"]) async throws -> (String, String) {
            let workspace = try await Workspace.shared.value
            let (build, modules) = (try Scratch.shared.place("build"), workspace.moduleCache)
            _ = try await workspace.cachectl.succeed(
                ["restore", workspace.union, "--gocache", build, "--no-gomodcache", "--go", workspace.go]
                    + options
            )
            return (build, modules)
        }

        private func packUsed(
            _ program: String,
            from build: String,
            _ options: [String] = []
        ) async throws -> (archive: String, outcome: Program.Outcome, json: [String: Any]) {
            let workspace = try await Workspace.shared.value
            let archive = try Scratch.shared.place("used.castore")
            let outcome = try await workspace.cachectl.succeed(
                workspace.packing(program, from: build, workspace.moduleCache, to: archive)
                    + ["--used", "--json", "--checkout", "\(workspace.root)/programs/\(program)"] + options
            )
            return (archive, outcome, try EndToEnd.object(outcome.output))
        }

        @Test("lets the next job hit everything, and has no entry that this job has not used")
        func used() async throws {
            let workspace = try await Workspace.shared.value
            let (build, modules) = try await restored()
            let settings = ["GOCACHE": build, "GOMODCACHE": modules]
            // Two builds within an hour: Go marks an entry only once.
            for _ in 1...2 {
                #expect(try await workspace.build("gamma", proxy: "off", settings: settings).compiles == 0)
            }
            let (archive, outcome, json) = try await packUsed("gamma", from: build)
            #expect(!outcome.errors.contains("warning: "), "\(outcome)")
            #expect(try #require(json["unused"] as? Int) > 20)
            #expect(try #require(json["unused_modules"] as? Int) > 0)
            let restore = try #require(json["restored_at"] as? Int)
            #expect(abs(restore - Int(Date().timeIntervalSince1970)) < 600)

            // The pack of the job that began with empty caches has all that this one has.
            let more = try Scratch.shared.place("more.castore")
            _ = try await workspace.cachectl.succeed(
                ["difference", archive, workspace.pack("gamma"), "-o", more]
            )
            let left = try await workspace.cachectl.succeed(["ls", more]).lines
            #expect(left.filter { !$0.isEmpty } == [], "\(left.prefix(5))")

            let next = try Scratch.shared.place("next")
            _ = try await workspace.cachectl.succeed(
                ["restore", archive, "--profile", "ci", "--gocache", next, "--no-gomodcache"]
            )
            let hits = ["GOCACHE": next, "GOMODCACHE": modules]
            #expect(try await workspace.build("gamma", proxy: "off", settings: hits).compiles == 0)
            #expect(try await workspace.build("beta", proxy: "off", settings: hits).compiles > 0)
        }

        @Test("of a job in whose cache another one has restored and built has all that both used, for a day")
        func shared() async throws {
            let workspace = try await Workspace.shared.value
            let (build, modules) = try await restored()
            let settings = ["GOCACHE": build, "GOMODCACHE": modules]
            let restore = ["restore", workspace.union, "--profile", "ci", "--gocache", build, "--no-go"]
            // Job A hits, and makes entries that no archive has; then job B restores and builds.
            var a = settings
            a["GOAMD64"] = "v2"
            #expect(try await workspace.build("gamma", proxy: "off", settings: settings).compiles == 0)
            #expect(try await workspace.build("gamma", proxy: "off", settings: a).compiles > 0)
            _ = try await workspace.cachectl.succeed(restore + ["--no-gomodcache"])
            #expect(try await workspace.build("beta", proxy: "off", settings: settings).compiles == 0)
            let (archive, outcome, _) = try await packUsed("gamma", from: build)
            #expect(!outcome.errors.contains("warning: "), "\(outcome)")

            let next = try Scratch.shared.place("next")
            let restoreNext = ["--profile", "ci", "--gocache", next, "--no-gomodcache", "--no-go"]
            _ = try await workspace.cachectl.succeed(["restore", archive] + restoreNext)
            var hits = ["GOCACHE": next, "GOMODCACHE": modules]
            for program in ["gamma", "beta"] {
                #expect(try await workspace.build(program, proxy: "off", settings: hits).compiles == 0)
            }
            hits["GOAMD64"] = "v2"
            #expect(try await workspace.build("gamma", proxy: "off", settings: hits).compiles == 0)

            // A day later, job C restores into the same cache, and uses only what it needs.
            _ = try await workspace.shell(
                #"find "$1" -name '*-a' -newermt '2 hours ago' -exec touch -d '25 hours ago' {} +"#,
                [build]
            )
            _ = try await workspace.cachectl.succeed(restore + ["--no-gomodcache"])
            #expect(try await workspace.build("beta", proxy: "off", settings: settings).compiles == 0)
            let (later, _, json) = try await packUsed("beta", from: build)
            #expect(try #require(json["unused"] as? Int) > 20)
            let last = try Scratch.shared.place("last")
            _ = try await workspace.cachectl.succeed(
                ["restore", later, "--profile", "ci", "--gocache", last, "--no-gomodcache", "--no-go"]
            )
            hits = ["GOCACHE": last, "GOMODCACHE": modules]
            #expect(try await workspace.build("beta", proxy: "off", settings: hits).compiles == 0)
            #expect(try await workspace.build("gamma", proxy: "off", settings: hits).compiles > 0)
        }

        @Test("after builds without indexes says that nothing tells of modules, and packs all if it knows")
        func withoutIndexes() async throws {
            let workspace = try await Workspace.shared.value
            let (build, modules) = try await restored()
            let settings = ["GOCACHE": build, "GOMODCACHE": modules, "GODEBUG": "goindex=0"]
            #expect(try await workspace.build("gamma", proxy: "off", settings: settings).compiles == 0)
            let (_, outcome, json) = try await packUsed("gamma", from: build)
            #expect(outcome.errors.contains("no index of packages"), "\(outcome)")
            #expect(try #require(json["unused_modules"] as? Int) > 0)

            var cachectl = try workspace.cachectl
            cachectl.environment["GODEBUG"] = "goindex=0"
            let archive = try Scratch.shared.place("whole.castore")
            let whole = try await cachectl.succeed(
                workspace.packing("gamma", from: build, modules, to: archive)
                    + ["--used", "--json", "--checkout", "\(workspace.root)/programs/gamma"]
            )
            #expect(whole.errors.contains("all modules of"), "\(whole)")
            #expect(try EndToEnd.object(whole.output)["unused_modules"] as? Int == 0)
        }

        @Test("has what was compiled anew, and what a build of a module cache elsewhere used")
        func compiled() async throws {
            let workspace = try await Workspace.shared.value
            let (build, modules) = try await restored()
            let settings = ["GOCACHE": build, "GOMODCACHE": modules, "GOAMD64": "v2"]
            let first = try await workspace.build("tiny", settings: settings)
            #expect(first.compiles > 5)
            let (archive, _, _) = try await packUsed("tiny", from: build)
            let next = try Scratch.shared.place("next")
            _ = try await workspace.cachectl.succeed(
                ["restore", archive, "--profile", "ci", "--gocache", next, "--no-gomodcache"]
            )
            let hits = ["GOCACHE": next, "GOMODCACHE": modules, "GOAMD64": "v2"]
            #expect(try await workspace.build("tiny", proxy: "off", settings: hits).compiles == 0)
        }

        @Test("names the loss where nothing tells what was used, and packs everything")
        func sealed() async throws {
            let workspace = try await Workspace.shared.value
            let (build, modules) = try await restored([])
            let settings = ["GOCACHE": build, "GOMODCACHE": modules]
            _ = try await workspace.build("gamma", proxy: "off", settings: settings)
            let (_, outcome, json) = try await packUsed("gamma", from: build)
            #expect(outcome.errors.contains("warning: "), "\(outcome)")
            #expect(outcome.errors.contains("cachectl restore --profile ci"), "\(outcome)")
            #expect(json["unused"] as? Int == 0)
            #expect(json["restored_at"] is NSNull)
        }

        @Test("says so where the checkout names no modules and where no build has used anything")
        func empty() async throws {
            let workspace = try await Workspace.shared.value
            let (build, _) = try await restored()
            let archive = try Scratch.shared.place("empty.castore")
            let outcome = try await workspace.cachectl.succeed(
                workspace.packing("x", from: build, workspace.moduleCache, to: archive)
                    + ["--used", "--checkout", "\(workspace.root)/home"]
            )
            #expect(outcome.errors.contains("no build has used an entry"), "\(outcome)")
            #expect(outcome.errors.contains("--checkout DIR"), "\(outcome)")
            let missing = try await workspace.cachectl.run(
                workspace.packing("x", from: build, workspace.moduleCache, to: archive)
                    + ["--force", "--used", "--checkout", "\(workspace.root)/absent"]
            )
            EndToEnd.expectFailure(missing, status: 1, naming: "absent")
        }

        @Test("of a vendored job has no modules, and lets the next job hit everything")
        func vendored() async throws {
            let workspace = try await Workspace.shared.value
            let checkout = try Scratch.shared.place("vendored")
            let (build, next) = (try Scratch.shared.place("build"), try Scratch.shared.place("next"))
            let modules = try Scratch.shared.directory("no modules")
            try FileManager.default.copyItem(
                atPath: "\(workspace.root)/programs/gamma",
                toPath: checkout
            )
            var go = workspace.goCommand(in: "gamma")
            go.directory = checkout
            _ = try await go.succeed(["mod", "vendor"])
            go.environment.merge(["GOMODCACHE": modules, "GOPROXY": "off", "GOCACHE": build]) { $1 }
            let line = ["build", "-x", "-buildvcs=false", "-o", "\(checkout)/program", "."]
            let cold = try await go.succeed(line)
            #expect(cold.errors.contains("/compile -o "))
            let archive = try Scratch.shared.place("vendored.castore")
            let packing = workspace.packing("v", from: build, modules, to: archive)
            _ = try await workspace.cachectl.succeed(packing + ["--used", "--checkout", checkout])
            _ = try await workspace.cachectl.succeed(
                ["restore", archive, "--profile", "ci", "--gocache", next, "--no-gomodcache"]
            )
            try FileManager.default.removeItem(atPath: "\(checkout)/program")
            go.environment["GOCACHE"] = next
            #expect(try await !go.succeed(line).errors.contains("/compile -o "))
        }
    }
}
