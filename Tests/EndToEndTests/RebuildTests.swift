import Foundation
import Testing

extension EndToEnd {
    @Suite("After pack, union and restore, Go")
    struct Rebuild {
        @Test("compiles dozens of packages from empty caches, so that counting none means something")
        func counts() async throws {
            let workspace = try await Workspace.shared.value
            for program in Workspace.programs {
                let compiles = try #require(workspace.compiles[program])
                #expect(compiles > 50, "\(program)")
            }
        }

        @Test("compiles nothing, and the program is the same", arguments: Workspace.programs)
        func hits(program: String) async throws {
            let workspace = try await Workspace.shared.value
            let build = try await workspace.build(program, proxy: "off")
            #expect(build.compiles == 0)
            #expect(build.prints == workspace.prints[program])
        }

        @Test("vets, lists and verifies offline, without zips", arguments: Workspace.programs)
        func offline(program: String) async throws {
            let workspace = try await Workspace.shared.value
            let go = workspace.goCommand(in: program, proxy: "off")
            let vet = try await go.succeed(["vet", "-x", "./..."])
            #expect(!vet.errors.contains("/compile -o "), "\(vet)")
            let vetted = vet.errors.split(separator: "\n").filter { $0.contains("/vet $WORK/") }
            #expect(vetted.count == 1, "of all packages only the program itself: \(vetted)")
            let packages = try await go.succeed(["list", "-deps", "./..."]).lines
            #expect(packages.contains("example.com/lib"))
            #expect(packages.count > 50)
            #expect(try await go.succeed(["mod", "verify"]).output == "all modules verified\n")
            #expect(
                try await go.succeed(["list", "-m", "all"]).lines.contains {
                    $0.hasPrefix("example.com/lib v1.")
                }
            )
        }

        @Test("runs the cached executable without linking it")
        func executable() async throws {
            let workspace = try await Workspace.shared.value
            let run = try await workspace.goCommand(in: "gamma", proxy: "off").succeed(["run", "-x", "."])
            #expect(run.output == workspace.prints["gamma"])
            #expect(!run.errors.contains("/link -o "), "\(run)")
        }

        @Test("downloads and verifies offline where zips were made, and can't where they were not")
        func zips() async throws {
            let workspace = try await Workspace.shared.value
            for (choice, downloads) in [("make", true), ("none", false)] {
                let modules = try Scratch.shared.place("mod-\(choice)")
                _ = try await workspace.cachectl.succeed(
                    [
                        "restore", workspace.union, "--no-gocache", "--gomodcache", modules, "--module-zips",
                        choice,
                    ]
                )
                for program in Workspace.programs {
                    var go = workspace.goCommand(in: program, proxy: "off")
                    go.environment["GOMODCACHE"] = modules
                    #expect(try await go.run(["mod", "download"]).status == (downloads ? 0 : 1))
                    #expect(try await go.run(["mod", "verify"]).status == 0)
                }
                #expect(try await workspace.faults(modules, modules).isEmpty)
            }
        }

        @Test("compiles nothing of std from some of the sources, with GOMODCACHE elsewhere")
        func only() async throws {
            let workspace = try await Workspace.shared.value
            let (build, modules) = try (Scratch.shared.place("only-build"), Scratch.shared.place("only-mod"))
            _ = try await workspace.cachectl.succeed(
                workspace.restoring(to: build, modules) + ["--only", "alpha,gamma"]
            )
            let settings = ["GOCACHE": build, "GOMODCACHE": modules]
            let names = try await workspace.python("audit.py", ["snapshot", modules])
            #expect(names.contains { $0.hasSuffix(" example.com/lib@v1.0.0") })
            #expect(!names.contains { $0.contains("example.com/legacy@") || $0.contains("lib@v1.1.0") })
            // The module cache has another path, so its packages are compiled; those of std are not.
            let compiles = try await workspace.build("gamma", proxy: "off", settings: settings).compiles
            #expect(compiles == 3, "lib, Kit and main")
        }
    }
}
