import Foundation
import Testing

extension EndToEnd {
    @Suite("The key of a job's caches")
    struct Keys {
        /// A checkout with one module, and settings that no user of this machine has changed.
        private struct Checkout {
            let path: String
            let program: Program

            init(_ workspace: Workspace, at name: String = "checkout") throws {
                path = try Scratch.shared.directory(name)
                for file in ["go.mod", "go.sum", "main.go"] {
                    try FileManager.default.copyItem(
                        atPath: "\(workspace.root)/programs/alpha/\(file)",
                        toPath: "\(path)/\(file)"
                    )
                }
                var program = try workspace.cachectl
                program.directory = path
                program.environment.merge(
                    ["CGO_ENABLED": "1", "GOMODCACHE": "/var/cache/mod", "GOCACHE": "/var/cache/build"]
                ) { $1 }
                self.program = program
            }

            /// Returns the key with some variables changed.
            func key(
                _ settings: [String: String] = [:],
                _ arguments: [String] = [],
                go: String
            ) async throws -> String {
                var program = program
                program.environment.merge(settings) { $1 }
                let outcome = try await program.succeed(["key", "--go", go] + arguments)
                #expect(outcome.errors.isEmpty, "\(outcome)")
                return outcome.lines.joined(separator: "\n")
            }
        }

        @Test("changes with what decides hits")
        func decisive() async throws {
            let workspace = try await Workspace.shared.value
            let (checkout, go) = (try Checkout(workspace), workspace.go)
            let key = try await checkout.key(go: go)
            let version = try await workspace.goCommand(in: "alpha").succeed(["env", "GOVERSION"]).lines[0]
            #expect(key.hasPrefix("go-linux-"))
            #expect(key.contains("-\(version)-"))
            var keys: [String: [String: String]] = [key: [:]]
            for settings in [
                ["GOOS": "darwin"], ["GOARCH": "riscv64"], ["GOAMD64": "v3"], ["CGO_ENABLED": "0"],
                ["CC": "cc"], ["CGO_CFLAGS": "-O1"], ["GOEXPERIMENT": "staticlockranking"],
                ["GOFLAGS": "-trimpath"], ["GOFLAGS": "-race"], ["GOFLAGS": "-tags=other"],
                ["GOMODCACHE": "/var/cache/other"],
            ] {
                let other = try await checkout.key(settings, go: go)
                #expect(keys[other] == nil, "\(settings) and \(keys[other] ?? [:]) have one key")
                keys[other] = settings
            }
            // Another version of Go, here one that only says so.
            let newer = try workspace.goScript(
                #""$GO" "$@" | sed 's/"GOVERSION": "[^"]*"/"GOVERSION": "go1.99.1"/'"#
            )
            #expect(try await checkout.key(go: newer).hasPrefix("go-linux-amd64-go1.99.1-"))
            let other = try await Checkout(workspace, at: "elsewhere").key(go: go)
            #expect(keys[other] == nil, "the path of a checkout is in the keys of its packages")
            let sum = "\(checkout.path)/go.sum"
            try (String(contentsOfFile: sum, encoding: .utf8) + "example.org/x v1.0.0/go.mod h1:x=\n")
                .write(toFile: sum, atomically: true, encoding: .utf8)
            let bumped = try await checkout.key(go: go)
            #expect(keys[bumped] == nil)
            let fallbacks = try await checkout.key([:], ["--fallbacks"], go: go).split(separator: "\n")
            #expect(fallbacks.count == 2 && fallbacks.allSatisfy(key.hasPrefix))
        }

        @Test(
            "changes with nothing else: not with sources, times, HOME, other variables or the order of files"
        )
        func harmless() async throws {
            let workspace = try await Workspace.shared.value
            let (checkout, go) = (try Checkout(workspace), workspace.go)
            try FileManager.default.createDirectory(
                atPath: "\(checkout.path)/b",
                withIntermediateDirectories: false
            )
            try "x".write(toFile: "\(checkout.path)/b/go.sum", atomically: false, encoding: .utf8)
            let key = try await checkout.key(go: go)
            let home = try Scratch.shared.directory("home")
            for settings in [
                ["HOME": home], ["GOFLAGS": "-v"], ["GOPROXY": "off"], ["GOCACHE": "\(checkout.path)/.cache"],
                ["TZ": "America/New_York"], ["LANG": "de_DE.UTF-8"], ["EDITOR": "vi"],
                ["GOPRIVATE": "example.com"],
                ["GODEBUG": "http2client=0"], ["GOTMPDIR": home], ["GOARM64": "v9.0"],
            ] {
                #expect(try await checkout.key(settings, go: go) == key, "\(settings)")
            }
            try "package main\n\nfunc main() { println(1) }\n"
                .write(toFile: "\(checkout.path)/main.go", atomically: false, encoding: .utf8)
            // Files of the same names in a cache that lies in the checkout are not the job's.
            let cache = "\(checkout.path)/.cache/example.com/x@v1.0.0"
            try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
            try "x".write(toFile: "\(cache)/go.sum", atomically: false, encoding: .utf8)
            #expect(try await checkout.key(["GOCACHE": "\(checkout.path)/.cache"], go: go) == key)
            try FileManager.default.removeItem(atPath: "\(checkout.path)/.cache")
            // The files are made again, in another order and with other times.
            _ = try await workspace.shell(
                #"""
                cd "$1"
                mv b/go.sum keep; rmdir b
                cp go.sum new; mv new go.sum
                mkdir b; mv keep b/go.sum
                touch -d 2020-01-01 go.sum b
                """#,
                [checkout.path]
            )
            #expect(try await checkout.key(go: go) == key)
            var elsewhere = checkout.program
            elsewhere.directory = home
            #expect(try await elsewhere.succeed(["key", checkout.path, "--go", go]).lines == [key])
        }

        @Test("is there for a program without modules, and has its parts in the JSON")
        func standardLibrary() async throws {
            let workspace = try await Workspace.shared.value
            let checkout = try Checkout(workspace)
            try FileManager.default.removeItem(atPath: "\(checkout.path)/go.sum")
            try "module example.com/alpha\n\ngo 1.21\n"
                .write(toFile: "\(checkout.path)/go.mod", atomically: false, encoding: .utf8)
            let text = try await checkout.key([:], ["--json", "--prefix", "unit"], go: workspace.go)
            let object = try EndToEnd.object(text)
            #expect(object["schema"] as? String == "cachectl.key/1")
            let parts = try #require(object["parts"] as? [String: Any])
            #expect(parts["prefix"] as? String == "unit")
            #expect(parts["sum_files"] as? [String] == [])
            #expect((object["warnings"] as? [Any])?.isEmpty == true)
            let settings = try #require(parts["settings"] as? [String: String])
            #expect(settings["GOMODCACHE"] == "/var/cache/mod")
            #expect(settings["checkout"] == checkout.path)
            let key = try #require(object["key"] as? String)
            #expect(key == (try await checkout.key([:], ["--prefix", "unit"], go: workspace.go)))
            let fallbacks = try #require(object["fallbacks"] as? [String])
            #expect(fallbacks.count == 2 && fallbacks.allSatisfy(key.hasPrefix))
        }

        @Test("has a warning where it does not change with modules: without go.mod, and without go.sum")
        func silence() async throws {
            let workspace = try await Workspace.shared.value
            let checkout = try Checkout(workspace)
            func warnings() async throws -> [String] {
                let outcome = try await checkout.program.succeed(["key", "--json", "--go", workspace.go])
                let found = try EndToEnd.object(outcome.output)["warnings"] as? [[String: Any]] ?? []
                #expect(found.allSatisfy { $0["code"] as? String == "unknownModules" })
                #expect(outcome.errors.contains("warning: ") == !found.isEmpty, "\(outcome)")
                return found.compactMap { $0["message"] as? String }
            }
            #expect(try await warnings() == [])
            try FileManager.default.removeItem(atPath: "\(checkout.path)/go.sum")
            let noSums = try await warnings()
            #expect(noSums.count == 1 && noSums[0].contains("go.mod` requires modules"), "\(noSums)")
            try FileManager.default.createDirectory(
                atPath: "\(checkout.path)/vendor",
                withIntermediateDirectories: false
            )
            try "# x".write(toFile: "\(checkout.path)/vendor/modules.txt", atomically: false, encoding: .utf8)
            #expect(try await warnings() == [])
            try FileManager.default.removeItem(atPath: "\(checkout.path)/go.mod")
            let noModule = try await warnings()
            #expect(noModule.count == 1 && noModule[0].contains("finds no go.mod"), "\(noModule)")
        }

        @Test("is refused with words for each fault: of go.sum, of Go, of the directory, of the prefix")
        func faults() async throws {
            let workspace = try await Workspace.shared.value
            let checkout = try Checkout(workspace)
            let go = ["--go", workspace.go]
            let file = try await checkout.program.run(["key", "go.mod"] + go)
            EndToEnd.expectFailure(file, status: 1, naming: "this is a file", "go.mod", "hint: ")
            let checkedOut = try await checkout.program.run(
                ["pack", "--label", "x", "-o", "x", "--used", "--checkout", "main.go", "--no-gomodcache"]
                    + ["--gocache", workspace.rawBuildCache("gamma")] + go
            )
            EndToEnd.expectFailure(checkedOut, status: 1, naming: "this is a file", "--checkout DIR")
            let prefix = try await checkout.program.run(["key", "--prefix", ""] + go)
            EndToEnd.expectFailure(prefix, status: 64, naming: "`--prefix` is empty")
            var unknown = checkout.program
            unknown.environment["GOEXPERIMENT"] = "such"
            let experiment = try await unknown.run(["key"] + go)
            EndToEnd.expectFailure(experiment, status: 1, naming: "unknown GOEXPERIMENT", "in the same way")
            #expect(!experiment.errors.contains("install Go"))
            for program in ["/bin/ls", "/bin/true"] {
                let other = try await checkout.program.run(["key", "--go", program])
                EndToEnd.expectFailure(other, status: 1, naming: program, "name it with `--go PATH`")
            }
            let before = try await checkout.program.run(["key"] + go)
            let fixture = "\(checkout.path)/fixtures/go.sum"
            try FileManager.default.createDirectory(atPath: fixture, withIntermediateDirectories: true)
            let after = try await checkout.program.run(["key"] + go)
            #expect(after.status == 0 && after.output == before.output, "builds use no such file: \(after)")
            let sum = "\(checkout.path)/go.sum"
            try FileManager.default.removeItem(atPath: sum)
            try FileManager.default.createSymbolicLink(atPath: sum, withDestinationPath: "go.sum")
            let link = try await checkout.program.run(["key"] + go)
            EndToEnd.expectFailure(link, status: 1, naming: sum, "hashes of modules", "hint: remove it")
            try FileManager.default.removeItem(atPath: sum)
            try FileManager.default.createDirectory(atPath: sum, withIntermediateDirectories: false)
            let directory = try await checkout.program.run(["key"] + go)
            EndToEnd.expectFailure(directory, status: 1, naming: sum, "Is a directory", "hint: remove it")
        }

        @Test("is refused without Go and without a directory, with a way out")
        func refusals() async throws {
            let workspace = try await Workspace.shared.value
            let program = try workspace.cachectl
            let noGo = try await program.run(["key", "--go", "/nowhere/go"])
            EndToEnd.expectFailure(noGo, status: 1, naming: "/nowhere/go", "hint: install Go", "--go PATH")
            let noPlace = try await program.run(["key", "absent", "--go", workspace.go])
            EndToEnd.expectFailure(noPlace, status: 1, naming: "absent", "hint: ")
        }
    }
}
