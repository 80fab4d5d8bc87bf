import Foundation
import Testing

extension EndToEnd {
    @Suite("Set algebra of real packs")
    struct Algebra {
        @Test(
            "pack --base is the difference of the pack and the base, and both restore what the pack restores"
        )
        func base() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("algebra")
            func archive(_ name: String) -> String { "\(top)/\(name).castore" }
            let main = workspace.pack("alpha")
            let packing = workspace.packing(
                "pr",
                from: workspace.rawBuildCache("beta"),
                workspace.rawModuleCache("beta"),
                to: archive("full")
            )
            _ = try await workspace.cachectl.succeed(packing)
            let delta = packing.map { $0 == archive("full") ? archive("delta") : $0 } + ["--base", main]
            _ = try await workspace.cachectl.succeed(delta)
            _ = try await workspace.cachectl.succeed([
                "difference", archive("full"), main, "-o", archive("difference"),
            ])
            let files = FileManager.default
            #expect(files.contentsEqual(atPath: archive("delta"), andPath: archive("difference")))
            let checked = delta.map { $0 == archive("delta") ? archive("checked") : $0 } + ["--recheck"]
            _ = try await workspace.cachectl.succeed(checked)
            #expect(files.contentsEqual(atPath: archive("delta"), andPath: archive("checked")))
            let preview =
                delta.map { $0 == archive("delta") ? archive("none") : $0 } + ["--dry-run", "--json"]
            let object = try EndToEnd.object(try await workspace.cachectl.succeed(preview).output)
            #expect(object["dry_run"] as? Bool == true)
            #expect((object["totals"] as? [String: Any])?["file_bytes"] is NSNull)
            #expect(try await [object["digest"] as? String] == [archive("delta")].asyncDigests(workspace))
            #expect(((object["unread"] as? [String: Any])?["members"] as? Int ?? 0) > 100)
            #expect(!files.fileExists(atPath: archive("none")))
            let sizes = try ["full", "delta"].map {
                try #require(try files.attributesOfItem(atPath: archive($0))[.size] as? Int)
            }
            #expect(sizes[1] * 2 < sizes[0], "most of it is Go's own library, which both have")
            var snapshots: [[String]] = []
            for name in ["full", "delta"] {
                let union = archive("with \(name)")
                _ = try await workspace.cachectl.succeed(["union", main, archive(name), "-o", union])
                let (build, modules) = ("\(top)/\(name)/build", "\(top)/\(name)/mod")
                _ = try await workspace.cachectl.succeed(workspace.restoring(union, to: build, modules))
                snapshots.append(try await workspace.snapshot(build) + workspace.snapshot(modules))
                _ = try await workspace.cachectl.succeed(["verify", union, archive(name)])
            }
            #expect(snapshots[0] == snapshots[1])
            #expect(snapshots[0].count > 100)
            // The path of GOMODCACHE is in the keys, so the modules of the programs stay at the same path.
            let settings = ["GOCACHE": "\(top)/delta/build"]
            let build = try await workspace.build("beta", proxy: "off", settings: settings)
            #expect(build.compiles == 0)
            #expect(build.prints == workspace.prints["beta"])
        }

        @Test("what packs have in common and what each has alone make up the pack, and other readers agree")
        func parts() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("parts")
            func archive(_ name: String) -> String { "\(top)/\(name).castore" }
            let packs = Workspace.programs.map(workspace.pack)
            let commands = [
                ["intersect", "-o", archive("common")] + packs,
                ["intersect", "-o", archive("reversed")] + packs.reversed(),
                ["difference", packs[2], archive("common"), "-o", archive("rest")],
                ["difference", packs[2], packs[2], "-o", archive("empty")],
                ["union", archive("common"), archive("rest"), "-o", archive("again")],
                ["union", archive("empty"), workspace.union, "-o", archive("union")],
            ]
            for command in commands { _ = try await workspace.cachectl.succeed(command) }
            let files = FileManager.default
            #expect(files.contentsEqual(atPath: archive("common"), andPath: archive("reversed")))
            #expect(files.contentsEqual(atPath: archive("union"), andPath: workspace.union))
            let digests = try await [packs[2], archive("again")].asyncDigests(workspace)
            #expect(digests[0] == digests[1])
            for name in ["common", "rest", "empty", "again"] {
                _ = try await workspace.cachectl.succeed(["verify", archive(name)])
                let outcome = try await workspace.oracle(["check", archive(name)])
                #expect(outcome.status == 0, "\(name): \(outcome)")
            }
        }

        @Test("diff names the module whose version changed, and fails only where it is asked to")
        func diff() async throws {
            let workspace = try await Workspace.shared.value
            let (one, other) = (workspace.pack("alpha"), workspace.pack("beta"))
            let outcome = try await workspace.cachectl.succeed(["diff", one, other, "--json"])
            let object = try EndToEnd.object(outcome.output)
            #expect(object["is_equal"] as? Bool == false)
            let modules = try #require(object["modules"] as? [[String: Any]])
            let module = try #require(modules.first { $0["path"] as? String == "example.com/lib" })
            func versions(_ key: String) -> [String?] {
                (module[key] as? [[String: Any]] ?? []).map { $0["version"] as? String }
            }
            #expect(versions("removed_versions") == ["v1.0.0"])
            #expect(versions("added_versions") == ["v1.1.0"])
            let packages = try #require(object["packages"] as? [[String: Any]])
            let paths = packages.compactMap { $0["import_path"] as? String }
            #expect(paths.contains("example.com/lib"))
            #expect(!paths.contains("runtime"), "both have the same")
            let text = try await workspace.cachectl.succeed(["diff", one, other]).output
            #expect(text.contains("v1.0.0 → v1.1.0"))
            #expect(try await workspace.cachectl.run(["diff", one, other, "--exit-code", "-q"]).status == 1)
            let same = try await workspace.cachectl.succeed(["diff", one, one, "--exit-code"])
            #expect(same.output.contains("both hold the same members"))
        }
    }
}

extension [String] {
    /// Returns the digests of the archives at these paths.
    fileprivate func asyncDigests(_ workspace: Workspace) async throws -> [String] {
        var result: [String] = []
        for path in self {
            let output = try await workspace.cachectl.succeed(["info", path, "--json"]).output
            result.append(try EndToEnd.object(output)["digest"] as? String ?? "")
        }
        return result
    }
}
