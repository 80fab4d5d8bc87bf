import Foundation
import Testing

extension EndToEnd {
    @Suite("The places of the caches, as Go and the environment tell them")
    struct Places {
        /// Returns `cachectl` in an environment with these variables; an empty value unsets a variable.
        private func cachectl(_ variables: [String: String]) async throws -> Program {
            let workspace = try await Workspace.shared.value
            var cachectl = try workspace.cachectl
            let directory = URL(fileURLWithPath: workspace.go).deletingLastPathComponent().path
            cachectl.environment["PATH"] = "\(directory):\(cachectl.environment["PATH"] ?? "")"
            for (name, value) in variables { cachectl.environment[name] = value.isEmpty ? nil : value }
            return cachectl
        }

        private func warnings(_ outcome: Program.Outcome) throws -> [String] {
            let list = try EndToEnd.object(outcome.output)["warnings"] as? [[String: Any]]
            return (list ?? []).compactMap { $0["code"] as? String }
        }

        @Test("a vendored job, which never makes GOMODCACHE, is packed with a warning")
        func vendored() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("vendored")
            for variables in [["GOPATH": "\(top)/a:\(top)/b"], ["GOMODCACHE": "\(top)/none"]] {
                let cachectl = try await cachectl(
                    variables.merging(["GOCACHE": workspace.rawBuildCache("gamma")]) { $1 }
                )
                let pack = try await cachectl.succeed([
                    "pack", "--label", "x", "-o", "\(top)/x", "--force", "--json",
                ])
                // These entries come from a job that was not vendored, and had its GOMODCACHE elsewhere.
                #expect(try Set(warnings(pack)) == ["emptyCache", "moduleCachePath"])
                #expect(pack.errors.contains("GOMODCACHE") && pack.errors.contains(top), "\(pack)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: top) == ["x"])
            }
        }

        @Test("a cache that is named and not there, or both not there: status 1 and what to do")
        func missing() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("not-there")
            let build = workspace.rawBuildCache("gamma")
            let one = try await cachectl(["GOCACHE": build])
                .run(["pack", "--label", "x", "-o", "\(top)/x", "--gomodcache", "\(top)/none"])
            EndToEnd.expectFailure(one, status: 1, naming: "\(top)/none", "hint: ", "--no-gomodcache")
            let both = try await cachectl(["GOCACHE": "\(top)/b", "GOMODCACHE": "\(top)/m"])
                .run(["pack", "--label", "x", "-o", "\(top)/x"])
            EndToEnd.expectFailure(both, status: 1, naming: "\(top)/b", "\(top)/m", "hint: ")
            #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
        }

        @Test("without HOME and GOCACHE, Go finds no place: status 1, and what is not set")
        func noHome() async throws {
            let workspace = try await Workspace.shared.value
            let output = try Scratch.shared.place("out.castore")
            let cachectl = try await cachectl(["HOME": "", "GOMODCACHE": workspace.moduleCache])
            let outcome = try await cachectl.run(["pack", "--label", "x", "-o", output])
            EndToEnd.expectFailure(outcome, status: 1, naming: "XDG_CACHE_HOME", "HOME", "hint: ")
            #expect(!outcome.errors.contains("`off`"), "\(outcome)")
        }

        @Test("GOCACHEPROG: the entries may be with that program, and builds will not look into GOCACHE")
        func program() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("program")
            let place = ["GOCACHE": "\(top)/build", "GOMODCACHE": workspace.rawModuleCache("gamma")]
            try FileManager.default.createDirectory(
                atPath: "\(top)/build",
                withIntermediateDirectories: false
            )
            let packing = ["pack", "--label", "x", "-o", "\(top)/x", "--force", "--json"]
            let restoring = ["restore", workspace.pack("gamma"), "--no-gomodcache", "--json"]
            for (settings, isSet) in [(["GOCACHEPROG": "/bin/cat"], true), ([:], false)] {
                let cachectl = try await cachectl(place.merging(settings) { $1 })
                for arguments in [packing, packing + ["--no-go"], restoring, restoring + ["--no-go"]] {
                    let outcome = try await cachectl.succeed(arguments)
                    #expect(try warnings(outcome).contains("cacheProgram") == isSet, "\(outcome)")
                    #expect(outcome.errors.contains("/bin/cat") == isSet, "\(outcome)")
                }
                // Where that program has all entries, there may be no GOCACHE at all.
                let missing = try await cachectl.run(packing + ["--gocache", "\(top)/missing"])
                #expect(missing.status == 1)
                #expect(missing.errors.contains("/bin/cat") == isSet, "\(missing)")
                let other = try await cachectl.succeed(packing + ["--no-gocache"])
                #expect(try !warnings(other).contains("cacheProgram"))
            }
        }

        @Test(
            "GOFLAGS leaves directories of trees writable or not, as Go reads it",
            arguments: [
                ("-modcacherw", true), ("-mod=mod '-modcacherw=1'", true), ("--modcacherw=false", false),
                ("", false),
            ]
        )
        func writable(flags: String, isWritable: Bool) async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("flags")
            let cachectl = try await cachectl(["GOFLAGS": flags])
            for (name, options) in [("a", []), ("b", ["--no-go"])] {
                _ = try await cachectl.succeed(
                    ["restore", workspace.pack("gamma"), "--no-gocache", "--gomodcache", "\(top)/\(name)"]
                        + options
                )
                let tree = try await workspace.shell(#"stat -c %a "$1"/example.com/*@*"#, ["\(top)/\(name)"])
                #expect(Set(tree.lines) == [isWritable ? "755" : "555"], "\(tree)")
            }
        }

        @Test(
            "a directory that another process has locked: a warning names it, and the restore goes on later"
        )
        func lock() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("locked")
            let outcome = try await workspace.shell(
                #"""
                mkdir "$1/build" && ln -s build "$1/link" && { flock "$1/build" sleep 4 & } && sleep 0.5 &&
                "$CACHECTL" restore "$2" --gocache "$1/link" --gomodcache "$1/build/" --no-go --quiet
                """#,
                [top, workspace.pack("gamma")]
            )
            #expect(outcome.status == 0, "\(outcome)")
            #expect(
                outcome.errors.split(separator: "\n").filter { $0.contains("waiting") }.count == 1,
                "\(outcome)"
            )
            #expect(outcome.errors.contains(top), "\(outcome)")
        }
    }
}
