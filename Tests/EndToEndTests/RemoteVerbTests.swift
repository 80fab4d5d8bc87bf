import Foundation
import Testing

extension EndToEnd {
    @Suite("An archive that lies elsewhere")
    struct RemoteVerbs {
        /// The ways to one archive: the union of the packs.
        private struct Way: Sendable {
            var name: String
            /// The union of all packs.
            var all: String
            /// The pack of beta.
            var part: String
        }

        /// Pushes and serves the archives once, and returns the ways to them.
        private static let ways = Task {
            let (workspace, servers) = (try await Workspace.shared.value, try await Servers.running())
            let (cachectl, repository) = (try await workspace.remote(), servers.repository())
            let packs = Workspace.programs.map(workspace.pack)
            for arguments in [
                [workspace.union, "\(repository):whole"], packs + ["\(repository):parts"],
                [packs[0], "\(repository):alpha"], [packs[1], "\(repository):beta"],
                [workspace.union, "\(repository):onto", "--onto", "alpha"],
            ] {
                let outcome = try await cachectl.succeed(["push", "--json"] + arguments)
                let report = try EndToEnd.object(outcome.output)
                #expect(report["whole_reason"] is NSNull, "\(outcome)")
            }
            let beta = "\(repository):beta"
            return [
                Way(name: "a registry", all: "\(repository):whole", part: beta),
                Way(name: "several archives of a tag", all: "\(repository):parts", part: beta),
                Way(name: "an archive in pieces", all: "\(repository):onto", part: beta),
                Way(
                    name: "a web server",
                    all: try servers.serve(workspace.union) + "?X-Amz-Signature=s3cr3t",
                    part: try servers.serve(packs[1])
                ),
            ]
        }

        /// What a command gave: its status, what it printed, and the files that it wrote.
        private struct Result: Equatable {
            var status: Int
            var output: String
            var errors: String
            var files: [String]
        }

        /// Runs a command, in which `@` stands for the union, `%` for beta's pack, and `OUT` for a new path.
        private func result(_ words: [String], _ all: String, _ part: String) async throws -> Result {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("remote")
            let arguments = words.map { word in
                switch word {
                case "@": all
                case "%": part
                default: word.replacing("OUT", with: "\(top)/out")
                }
            }
            let cachectl = try await workspace.remote()
            let outcome = try await cachectl.run(arguments)
            func plain(_ text: String) -> String {
                var text = text.replacing("\(top)/out", with: "OUT")
                for (name, mark) in [(all, "@"), (part, "%")] {
                    let shown = String(name.prefix { $0 != "?" })
                    text = text.replacing(shown, with: mark)
                        .replacing(shown.replacing("/", with: #"\/"#), with: mark)
                }
                // Times and rates are no part of the result, nor is what was fetched.
                return text.replacing(/fetched [0-9.]+ [kMG]?B in \d+ requests?\n/, with: "")
                    .replacing(/"(fetched_bytes|requests)":\d+/) { #""\#($0.1)":null"# }
                    .replacing(/"milliseconds":\d+/, with: "TIME")
                    .replacing(/[0-9.]+ (?:ms|s|min)\b/, with: "TIME")
                    .replacing(/[0-9.]+ [kMG]?B\/s/, with: "RATE")
            }
            // A restore tells what it fetched of an archive that lies elsewhere, and of no other.
            let tells = outcome.output.contains(/\nfetched [1-9]|"fetched_bytes":[1-9]/)
            #expect(tells == (words[0] == "restore" && all.contains("://")), "\(outcome)")
            let temporary = cachectl.environment["TMPDIR"] ?? ""
            #expect(try FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty)
            let files = try await workspace.snapshot(top)
            _ = try await workspace.shell(#"chmod -R u+w "$1"; rm -rf "$1""#, [top])
            // Progress is shown on a machine that is slow.
            let messages = outcome.errors.split(separator: "\n").filter { line in
                ["error: ", "warning: ", "hint: "].contains { line.hasPrefix($0) }
            }
            return Result(
                status: outcome.status,
                output: plain(outcome.output),
                errors: plain(messages.joined(separator: "\n")),
                files: files
            )
        }

        private static let readers = [
            ["info", "@"], ["info", "@", "--json"], ["ls", "@"], ["ls", "@", "--long"],
            ["ls", "@", "--files", "--json"], ["cat", "@", "mod", "example.com/lib@v1.0.0"],
            ["cat", "@", "file", "example.com/lib@v1.0.0/docs/table.txt"], ["explain", "@"],
            ["explain", "@", "--only", "alpha", "--json"], ["diff", "@", "%"], ["diff", "%", "@", "--json"],
            ["verify", "@", "%"], ["verify", "@", "--sample", "20%", "--seed", "3", "--json"],
            ["summary", "@", "--base", "%"], ["summary", "%", "--base", "@", "--json"],
            ["select", "@", "--max-size", "30MB", "--dry-run", "--json"],
        ]

        @Test("reads as one on this machine", arguments: readers)
        func reads(_ words: [String]) async throws {
            let workspace = try await Workspace.shared.value
            let local = try await result(words, workspace.union, workspace.pack("beta"))
            #expect(local.status == 0 && !local.output.isEmpty, "\(local)")
            for way in try await Self.ways.value {
                let remote = try await result(words, way.all, way.part)
                #expect(remote == local, "\(way.name)")
            }
        }

        private static let writers = [
            ["union", "@", "%", "-o", "OUT"], ["union", "%", "@", "-o", "OUT", "--json"],
            ["difference", "@", "%", "-o", "OUT"], ["difference", "%", "@", "-o", "OUT"],
            ["intersect", "@", "%", "-o", "OUT"], ["select", "@", "-o", "OUT", "--only", "gamma", "--json"],
            ["select", "@", "-o", "OUT", "--unused-in", "%"], ["layers", "@", "-o", "OUT", "--json"],
            ["restore", "@", "--gocache", "OUT/build", "--gomodcache", "OUT/mod", "--json"],
            ["restore", "@", "--gocache", "OUT/build", "--gomodcache", "OUT/mod", "--only", "gamma"],
        ]

        @Test("gives the same files as one on this machine", arguments: writers)
        func writes(_ words: [String]) async throws {
            let workspace = try await Workspace.shared.value
            let local = try await result(words, workspace.union, workspace.pack("beta"))
            #expect(local.status == 0 && !local.files.isEmpty, "\(local)")
            for way in try await Self.ways.value {
                let remote = try await result(words, way.all, way.part)
                #expect(remote == local, "\(way.name)")
            }
        }

        @Test("is a base for a pack, and is what a doctor examines")
        func asks() async throws {
            let workspace = try await Workspace.shared.value
            let packing = workspace.packing(
                "next",
                from: workspace.rawBuildCache("alpha"),
                workspace.rawModuleCache("alpha"),
                to: "OUT"
            )
            for words in [
                packing + ["--base", "%"],
                ["doctor", "@", "--go", workspace.go, "--json", "--gomodcache", workspace.moduleCache],
            ] {
                let local = try await result(words, workspace.union, workspace.pack("beta"))
                #expect(local.status == 0, "\(local)")
                for way in try await Self.ways.value {
                    let remote = try await result(words, way.all, way.part)
                    #expect(remote == local, "\(way.name)")
                }
            }
        }

        @Test("is pulled byte for byte")
        func pulls() async throws {
            let workspace = try await Workspace.shared.value
            for way in try await Self.ways.value {
                let copy = try Scratch.shared.place("copy.castore")
                let outcome = try await workspace.remote().succeed(["pull", way.all, "-o", copy, "--json"])
                #expect(FileManager.default.contentsEqual(atPath: copy, andPath: workspace.union), "\(way)")
                #expect(!"\(outcome)".contains("s3cr3t"))
                let again = try await workspace.remote().run(["pull", way.all, "-o", copy])
                EndToEnd.expectFailure(again, status: 1, naming: copy, "--force")
                _ = try await workspace.remote().succeed(["pull", way.all, "-o", copy, "--force"])
            }
        }

        @Test("serves a build by Go itself, which compiles nothing")
        func serves() async throws {
            let workspace = try await Workspace.shared.value
            let local = try await Prog.build("beta", Prog.settings([workspace.union]))
            #expect(local.compiles == 0)
            for way in try await Self.ways.value {
                var settings = try await Prog.settings([way.all])
                settings["SSL_CERT_FILE"] = try await Servers.running().facts.ca
                let built = try await Prog.build("beta", settings)
                #expect(built.compiles == 0, "\(way.name): \(built.errors)")
                #expect(built.warnings == 0, "\(way.name): \(built.errors)")
                #expect(built.bytes == local.bytes, "\(way.name)")
                try await Prog.expectWhole(settings)
            }
        }

        @Test("is what `run` builds with, unless its address is signed")
        func runs() async throws {
            let workspace = try await Workspace.shared.value
            for way in try await Self.ways.value {
                var cachectl = try await workspace.remote([
                    "GOCACHE": try Scratch.shared.place("cache"), "GOMODCACHE": workspace.moduleCache,
                    "GOPROXY": "off",
                ])
                cachectl.directory = "\(workspace.root)/programs/beta"
                let executable = try Scratch.shared.place("beta")
                let arguments = [
                    "run", "--go", workspace.go, way.all, "--", workspace.go, "build", "-x",
                    "-buildvcs=false",
                    "-o", executable, ".",
                ]
                let outcome = try await cachectl.run(arguments)
                if way.all.contains("?") {
                    EndToEnd.expectFailure(outcome, status: 64, naming: "signed address", "cachectl pull")
                    #expect(!"\(outcome)".contains("s3cr3t"))
                    continue
                }
                #expect(outcome.status == 0, "\(outcome)")
                #expect(!outcome.errors.contains("/compile -o "), "\(way.name): \(outcome)")
                #expect(FileManager.default.fileExists(atPath: executable))
            }
        }

        @Test("costs little more than the bytes that are wanted")
        func fetches() async throws {
            let workspace = try await Workspace.shared.value
            let servers = try await Servers.running()
            let proxy = try await servers.proxy("registry")
            let all = try #require(try await Self.ways.value.first).all
            let address = all.replacing(servers.facts.registry.host, with: proxy.host)
            _ = try await workspace.remote().succeed(["info", address])
            func sent() async throws -> Int {
                try await servers.log(of: proxy).reduce(0) { $0 + ($1["sent"] as? Int ?? 0) }
            }
            let index = try await sent()
            let size = try #require(
                try FileManager.default.attributesOfItem(atPath: workspace.union)[.size] as? Int
            )
            #expect(index < size / 5, "\(index) of \(size)")
            _ = try await workspace.remote().succeed(["verify", address])
            #expect(try await sent() - index < size + size / 20)
        }
    }
}
