import Foundation
import Testing

extension EndToEnd {
    @Suite("A restore for a directory")
    struct NamedModules {
        /// Restores the union for directories, into a module cache that is not there yet.
        private func restore(
            _ archive: String? = nil,
            for directories: [String],
            to modules: String,
            _ options: [String] = ["--no-gocache"]
        ) async throws -> Program.Outcome {
            let workspace = try await Workspace.shared.value
            return try await workspace.cachectl.run(
                [
                    "restore", archive ?? workspace.union, "--gomodcache", modules, "--go", workspace.go,
                    "--json",
                ]
                    + options + directories.flatMap { ["--for", $0] }
            )
        }

        /// Copies programs to a new directory, and returns its path.
        private func copies(of programs: String...) async throws -> String {
            let workspace = try await Workspace.shared.value
            let root = try Scratch.shared.directory("sources")
            for program in programs {
                try FileManager.default.copyItem(
                    atPath: "\(workspace.root)/programs/\(program)",
                    toPath: "\(root)/\(program)"
                )
            }
            return root
        }

        /// Returns the trees in a module cache.
        private func trees(in modules: String) async throws -> Set<String> {
            let workspace = try await Workspace.shared.value
            let find = #"cd "$1" && find . -type d -name '*@*' -not -path './cache/*' -prune"#
            return Set(try await workspace.shell(find, [modules]).lines.map { String($0.dropFirst(2)) })
        }

        private static let deep = "example.com/deep/v3@v3.0.1-0.20240506070809-0123456789ab"

        @Test("lets Go build offline, and the program is byte for byte that of a whole restore")
        func build() async throws {
            let workspace = try await Workspace.shared.value
            // The path of the module cache is in the program.
            let modules = try Scratch.shared.place("mod")
            var programs: [Data] = []
            for part in [[], ["\(workspace.root)/programs/beta"]] {
                let cache = try Scratch.shared.place("build")
                let outcome = try await restore(for: part, to: modules, ["--gocache", cache])
                #expect(outcome.status == 0, "\(outcome)")
                if !part.isEmpty {
                    #expect(
                        try await trees(in: modules) == [
                            Self.deep, "example.com/legacy@v2.1.0+incompatible", "example.com/lib@v1.0.0",
                            "example.com/lib@v1.1.0",
                        ]
                    )
                    let json = try EndToEnd.object(outcome.output)
                    #expect(json["absent_modules"] as? [String] == [])
                    #expect(json["absent_mod_files"] as? [String] == [])
                }
                var go = workspace.goCommand(in: "beta", proxy: "off")
                go.environment.merge(["GOCACHE": cache, "GOMODCACHE": modules, "GOFLAGS": "-mod=mod"]) { $1 }
                let program = try Scratch.shared.place("program")
                _ = try await go.succeed(["build", "-buildvcs=false", "-o", program, "."])
                programs.append(try Data(contentsOf: URL(fileURLWithPath: program)))
                _ = try await go.succeed(["mod", "verify"])
                #expect(try await workspace.faults(cache, modules).isEmpty)
                _ = try await workspace.shell(#"mv "$1" "$1-$2""#, [modules, "\(part.count)"])
            }
            #expect(programs[0] == programs[1])
            // The part alone is no cache for another program.
            var go = workspace.goCommand(in: "alpha", proxy: "off")
            go.environment["GOMODCACHE"] = "\(modules)-1"
            #expect(try await go.run(["build", "-o", "/dev/null", "."]).status == 1)
        }

        @Test("has the modules of all directories, and of the workspace to which a directory belongs")
        func workspace() async throws {
            let workspace = try await Workspace.shared.value
            let sources = try await copies(of: "beta", "gamma", "hello")
            let both = try Scratch.shared.place("both")
            let outcome = try await restore(for: ["\(sources)/beta", "\(sources)/gamma"], to: both)
            #expect(outcome.status == 0 && !outcome.errors.contains("go.sum"), "\(outcome)")
            let all = try await trees(in: both)
            #expect(all.contains(Self.deep) && all.contains("example.com/!upper!case/!kit@v0.9.0-rc.1"))
            #expect(!all.contains { $0.hasPrefix("example.com/asm") })

            // A workspace: its go.sum files lie beside the directory, and Go is asked for them.
            try "go 1.21\n\nuse (\n\t./beta\n\t./gamma\n\t./hello\n)\n"
                .write(toFile: "\(sources)/go.work", atomically: true, encoding: .utf8)
            let modules = try Scratch.shared.place("mod")
            #expect(try await restore(for: ["\(sources)/hello"], to: modules).status == 0)
            #expect(try await trees(in: modules) == all)
            var go = workspace.goCommand(in: "beta", proxy: "off")
            go.directory = "\(sources)/beta"
            go.environment["GOMODCACHE"] = modules
            _ = try await go.succeed(["list", "-deps", "./...", "../gamma/..."])
        }

        @Test("of a module that is not the one of go.sum is refused, as Go refuses to build with it")
        func wrongSum() async throws {
            let workspace = try await Workspace.shared.value
            let sources = try await copies(of: "alpha")
            let path = "\(sources)/alpha/go.sum"
            let right = try String(contentsOfFile: path, encoding: .utf8)
            let lines = right.split(separator: "\n")
            // A hash of another module, in lines that end as on Windows.
            let kit = try #require(lines.first { $0.hasPrefix("example.com/UpperCase/Kit v0.9.0-rc.1 ") })
            let asm = try #require(lines.first { $0.hasPrefix("example.com/asm v0.3.0 ") })
            let (own, other) = (kit.split(separator: " ")[2], asm.split(separator: " ")[2])
            let wrong = right.replacing(kit, with: kit.replacing(own, with: other))
            try wrong.replacing("\n", with: "\r\n").write(toFile: path, atomically: true, encoding: .utf8)

            let (build, modules) = (try Scratch.shared.place("build"), try Scratch.shared.place("mod"))
            let outcome = try await restore(for: ["\(sources)/alpha"], to: modules, ["--gocache", build])
            EndToEnd.expectFailure(
                outcome,
                status: 2,
                naming: String(own),
                String(other),
                path,
                "tree example.com/!upper!case/!kit@v0.9.0-rc.1",
                "hint: use neither"
            )
            for place in [build, modules] { #expect(!FileManager.default.fileExists(atPath: place)) }
            var go = workspace.goCommand(in: "alpha", proxy: "off")
            go.directory = "\(sources)/alpha"
            let refused = try await go.run(["build", "-o", "/dev/null", "."])
            #expect(refused.status == 1 && refused.errors.contains("checksum mismatch"), "\(refused)")

            try right.replacing("\n", with: "\r\n").write(toFile: path, atomically: true, encoding: .utf8)
            let restored = try await restore(for: ["\(sources)/alpha"], to: modules)
            #expect(restored.status == 0, "\(restored)")
        }

        @Test("lists what go.sum names and the archive lacks, until another archive has it")
        func absent() async throws {
            let workspace = try await Workspace.shared.value
            let modules = try Scratch.shared.place("mod")
            let beta = "\(workspace.root)/programs/beta"
            let lacking = try await restore(workspace.pack("gamma"), for: [beta], to: modules)
            #expect(lacking.status == 0)
            let json = try EndToEnd.object(lacking.output)
            let expected = [Self.deep, "example.com/legacy@v2.1.0+incompatible", "example.com/lib@v1.1.0"]
            #expect(json["absent_modules"] as? [String] == expected)
            #expect(json["for"] as? [String] == [beta])
            let codes = try #require(json["warnings"] as? [[String: Any]]).compactMap {
                $0["code"] as? String
            }
            #expect(codes.filter { $0 == "absentModules" }.count == 1)
            #expect(lacking.errors.contains("go.sum names 3 modules (`\(expected[0])`"), "\(lacking)")

            let second = try await restore(workspace.pack("beta"), for: [beta], to: modules)
            #expect(try EndToEnd.object(second.output)["absent_modules"] as? [String] == [])
            #expect(!second.errors.contains("go.sum names"), "\(second)")
        }

        @Test("needs a module, and a module cache")
        func arguments() async throws {
            let workspace = try await Workspace.shared.value
            let (empty, modules) = (try Scratch.shared.directory("empty"), try Scratch.shared.place("mod"))
            EndToEnd.expectFailure(
                try await restore(for: [empty], to: modules),
                status: 64,
                naming: "there is no go.mod for builds here",
                empty,
                "hint: name the directory"
            )
            EndToEnd.expectFailure(
                try await restore(for: ["\(empty)/absent"], to: modules),
                status: 1,
                naming: "\(empty)/absent"
            )
            EndToEnd.expectFailure(
                try await workspace.cachectl.run([
                    "restore", workspace.union, "--for", empty, "--no-gomodcache",
                ]),
                status: 64,
                naming: "contradict"
            )
            #expect(!FileManager.default.fileExists(atPath: modules))
            let hello = try await restore(for: ["\(workspace.root)/programs/hello"], to: modules)
            #expect(hello.status == 0, "\(hello)")
            #expect(try await trees(in: modules) == [])
        }

        @Test("has its like in a verification with a go.sum")
        func verification() async throws {
            let workspace = try await Workspace.shared.value
            func verify(_ options: String...) async throws -> Program.Outcome {
                try await workspace.cachectl.run(["verify", workspace.pack("gamma")] + options)
            }
            let sums = "\(workspace.root)/programs/gamma/go.sum"
            let all = try await verify("--go-sum", sums)
            #expect(all.status == 0 && all.output.contains("all modules are as go.sum names them"), "\(all)")
            // The go.sum of another program names one of its two modules.
            let some = try await verify("--go-sum", "\(workspace.root)/programs/tiny/go.sum", "--json")
            let archives = try #require(EndToEnd.object(some.output)["archives"] as? [[String: Any]])
            #expect(some.status == 0 && archives[0]["unnamed_modules"] as? Int == 1, "\(some)")

            let wrong = try Scratch.shared.place("go.sum")
            try String(contentsOfFile: sums, encoding: .utf8)
                .replacing("example.com/lib v1.0.0/go.mod h1:", with: "example.com/lib v1.0.0/go.mod h1:A")
                .write(toFile: wrong, atomically: true, encoding: .utf8)
            let outcome = try await verify("--go-sum", sums, "--go-sum", wrong)
            #expect(outcome.status == 2 && outcome.output.contains("1 problem"), "\(outcome)")
            for words in [wrong, "member `mod example.com/lib@v1.0.0`", "hint: use neither"] {
                #expect(outcome.errors.contains(words), "\(outcome)")
            }
            let none = try await verify("--go-sum", "\(workspace.root)/programs/gamma/go.mod")
            EndToEnd.expectFailure(
                none,
                status: 64,
                naming: "this file has no hash of a module",
                "gamma/go.mod"
            )
        }
    }
}
