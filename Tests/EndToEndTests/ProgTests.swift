import Foundation
import Testing

extension EndToEnd {
    /// Tests of the real Go command with `cachectl prog`.
    @Suite("With `cachectl prog` as GOCACHEPROG, Go")
    struct Prog {
        /// Returns settings that serve archives into a new GOCACHE, or into a copy of one.
        static func settings(
            _ archives: [String],
            _ options: String = "",
            copying cache: String? = nil
        ) async throws -> [String: String] {
            let workspace = try await Workspace.shared.value
            let build = try Scratch.shared.place("served")
            if let cache { _ = try await workspace.shell(#"cp -r "$1" "$2""#, [cache, build]) }
            let words = try ["'\(Tools.cachectl())'", "prog"] + archives.map { "'\($0)'" } + [options]
            return [
                "GOCACHE": build, "GOMODCACHE": workspace.moduleCache,
                "GOCACHEPROG": words.joined(separator: " "),
            ]
        }

        /// The result of a build.
        struct Built {
            var compiles: Int
            var bytes: Data
            var errors: String

            /// The number of warnings that `cachectl` has printed.
            var warnings: Int { errors.components(separatedBy: "warning: ").count - 1 }
        }

        /// Builds a program into a new file.
        static func build(
            _ program: String,
            _ settings: [String: String],
            _ flags: [String] = []
        ) async throws -> Built {
            let workspace = try await Workspace.shared.value
            let executable = try Scratch.shared.place(program)
            var go = workspace.goCommand(in: program, proxy: "off")
            go.environment.merge(settings) { $1 }
            let outcome = try await go.succeed(
                ["build", "-x", "-buildvcs=false", "-o", executable] + flags + ["."]
            )
            let bytes = try Data(contentsOf: URL(fileURLWithPath: executable))
            try FileManager.default.removeItem(atPath: executable)
            let compiles = outcome.errors.split(separator: "\n").filter { $0.contains("/compile -o ") }.count
            return Built(compiles: compiles, bytes: bytes, errors: outcome.errors)
        }

        /// Runs a Go command in a program's directory.
        static func go(
            _ arguments: [String],
            in program: String,
            _ settings: [String: String]
        ) async throws -> Program.Outcome {
            let workspace = try await Workspace.shared.value
            var go = workspace.goCommand(in: program, proxy: settings["GOPROXY"] ?? "off")
            go.environment.merge(settings) { $1 }
            return try await go.succeed(arguments)
        }

        /// The same settings without the program.
        static func plain(_ settings: [String: String]) -> [String: String] {
            var settings = settings
            settings["GOCACHEPROG"] = ""
            return settings
        }

        /// Checks that GOCACHE has nothing that is torn, and nothing temporary.
        static func expectWhole(
            _ settings: [String: String],
            at location: SourceLocation = #_sourceLocation
        ) async throws {
            let workspace = try await Workspace.shared.value
            let build = try #require(settings["GOCACHE"])
            let none = try Scratch.shared.directory("none")
            let faults = try await workspace.faults(build, none)
            #expect(faults == [], sourceLocation: location)
            #expect(try await workspace.leftovers(build) == [], sourceLocation: location)
        }

        private func entries(_ build: String?) async throws -> Int {
            try await Workspace.shared.value.python("audit.py", ["entries", try #require(build)]).count
        }

        @Test(
            "builds the same as from a restored cache, and needs no archive afterwards"
        )
        func build() async throws {
            let workspace = try await Workspace.shared.value
            for program in ["alpha", "beta"] {
                let expected = try await Self.build(program, ["GOCACHE": workspace.buildCache])
                let settings = try await Self.settings([workspace.pack("gamma"), workspace.union])
                let served = try await Self.build(program, settings)
                #expect(served.compiles == 0 && served.warnings == 0, "\(served.errors.suffix(2000))")
                #expect(served.bytes == expected.bytes)
                let (few, all) = try await (entries(settings["GOCACHE"]), entries(workspace.buildCache))
                #expect(few > 50 && few < all * 3 / 4, "only what was used: \(few) of \(all)")
                try await Self.expectWhole(settings)

                let plain = try await Self.build(program, Self.plain(settings))
                #expect(plain.compiles == 0 && plain.bytes == expected.bytes)
                var absent = try await Self.settings(["/nowhere/absent.castore"])
                absent["GOCACHE"] = settings["GOCACHE"]
                let again = try await Self.build(program, absent)
                #expect(again.compiles == 0 && again.bytes == expected.bytes)
                #expect(again.warnings == 1 && again.errors.contains("/nowhere/absent.castore"))
            }
        }

        @Test("vets, lists with exports, runs, and builds an archive of a package, as from a restored cache")
        func commands() async throws {
            let workspace = try await Workspace.shared.value
            let settings = try await Self.settings([workspace.union])
            let vet = try await Self.go(["vet", "-x", "./..."], in: "gamma", settings)
            #expect(!vet.errors.contains("/compile -o "), "\(vet)")
            let run = try await Self.go(["run", "-x", "."], in: "gamma", settings)
            #expect(run.output == workspace.prints["gamma"])
            #expect(!run.errors.contains("/compile -o ") && !run.errors.contains("warning: "), "\(run)")

            let list = ["list", "-export", "-deps", "-f", "{{.ImportPath}} {{.Export}}", "."]
            let exports = try await Self.go(list, in: "gamma", settings)
            let build = try #require(settings["GOCACHE"])
            for line in exports.lines where !line.hasPrefix("unsafe ") {
                let path = String(line.split(separator: " ").last ?? "")
                #expect(path.hasPrefix(build + "/"), "\(line)")
                #expect(FileManager.default.fileExists(atPath: path), "\(line)")
            }
            #expect(exports.lines.count > 50 && exports.errors.isEmpty)

            // Go moves an output of the cache that does not lie below GOCACHE.
            let object = try Scratch.shared.place("lib.a")
            for _ in 1...2 {
                _ = try await Self.go(["build", "-o", object, "example.com/lib"], in: "gamma", settings)
                #expect(FileManager.default.fileExists(atPath: object))
                try FileManager.default.removeItem(atPath: object)
                try await Self.expectWhole(settings)
            }
            #expect(try await Self.build("gamma", settings).compiles == 0)
        }

        @Test("has its test results and its C in the next command, and from an archive of them")
        func tests() async throws {
            let workspace = try await Workspace.shared.value
            var settings = try await Self.settings([workspace.union])
            settings["GOMODCACHE"] = try Scratch.shared.place("mod")
            settings["GOPROXY"] = "file://\(workspace.root)/proxy"
            settings["CGO_ENABLED"] = "1"
            let first = try await Self.go(["test", "-x", "."], in: "worker", settings)
            #expect(first.output.hasPrefix("ok") && !first.output.contains("(cached)"), "\(first)")
            #expect(first.errors.contains("/cgo "), "\(first.errors.suffix(3000))")
            let second = try await Self.go(["test", "-x", "."], in: "worker", settings)
            #expect(
                second.output.contains("(cached)") && !second.errors.contains("/compile -o "),
                "\(second)"
            )
            let built = try await Self.build("worker", settings)
            try await Self.expectWhole(settings)

            let archive = try Scratch.shared.place("worker.castore")
            _ = try await workspace.cachectl.succeed(
                workspace.packing(
                    "worker",
                    from: try #require(settings["GOCACHE"]),
                    try #require(settings["GOMODCACHE"]),
                    to: archive
                )
            )
            var next = try await Self.settings([archive])
            for name in ["GOMODCACHE", "CGO_ENABLED"] { next[name] = settings[name] }
            let third = try await Self.build("worker", next)
            #expect(third.compiles == 0 && !third.errors.contains("/cgo ") && third.bytes == built.bytes)
            let test = try await Self.go(["test", "-x", "."], in: "worker", next)
            #expect(test.output.hasPrefix("ok") && !test.errors.contains("/compile -o "), "\(test)")
        }

        @Test("runs four times at once over one GOCACHE, and each command is right")
        func together() async throws {
            let workspace = try await Workspace.shared.value
            let settings = try await Self.settings([workspace.union])
            let programs = ["alpha", "beta", "gamma", "alpha"]
            let built = try await withThrowingTaskGroup(of: (Int, Built).self) { group in
                for (index, program) in programs.enumerated() {
                    group.addTask { (index, try await Self.build(program, settings)) }
                }
                return try await group.reduce(into: [Int: Built]()) { $0[$1.0] = $1.1 }
            }
            for (index, program) in programs.enumerated() {
                let result = try #require(built[index])
                #expect(
                    result.compiles == 0 && result.warnings == 0,
                    "\(program): \(result.errors.suffix(2000))"
                )
                let expected = try await Self.build(program, ["GOCACHE": workspace.buildCache])
                #expect(result.bytes == expected.bytes, "\(program)")
            }
            try await Self.expectWhole(settings)
        }

        @Test("keeps nothing that it makes with `--read-only`, and all of it without")
        func readOnly() async throws {
            let workspace = try await Workspace.shared.value
            let settings = try await Self.settings([workspace.union], "--read-only")
            #expect(try await Self.build("gamma", settings).compiles == 0)
            let flags = ["-gcflags=-N"]
            var bytes: Data?
            for _ in 1...2 {
                let before = try await entries(settings["GOCACHE"])
                let built = try await Self.build("gamma", settings, flags)
                #expect(built.compiles == 1 && built.warnings == 0, "\(built.errors.suffix(2000))")
                #expect(try await entries(settings["GOCACHE"]) == before)
                try await Self.expectWhole(settings)
                bytes = built.bytes
            }
            var writing = try await Self.settings([workspace.union])
            writing["GOCACHE"] = settings["GOCACHE"]
            for compiles in [1, 0] {
                let built = try await Self.build("gamma", writing, flags)
                #expect(built.compiles == compiles && built.bytes == bytes)
            }
        }

        @Test("builds without an archive that is missing, with one warning, and fails with `--strict`")
        func missing() async throws {
            let workspace = try await Workspace.shared.value
            let absent = try Scratch.shared.place("absent.castore")
            let settings = try await Self.settings([absent], copying: workspace.rawBuildCache("gamma"))
            let built = try await Self.build("gamma", settings, ["-gcflags=-N"])
            #expect(built.compiles == 1 && built.warnings == 1)
            #expect(built.errors.contains(absent))

            var strict = try await Self.settings([workspace.union, absent], "--strict")
            strict["GOCACHE"] = settings["GOCACHE"]
            var go = workspace.goCommand(in: "gamma", proxy: "off")
            go.environment.merge(strict) { $1 }
            let outcome = try await go.run(["build", "-o", "/dev/null", "."])
            #expect(
                outcome.status != 0 && outcome.errors.contains("error: ") && outcome.errors.contains(absent)
            )
            let sound = try await Self.settings([workspace.union], "--strict")
            #expect(try await Self.build("gamma", sound).compiles == 0)
        }
    }
}
