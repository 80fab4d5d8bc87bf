import Foundation
import Testing

extension EndToEnd {
    @Suite("A restore of real caches that removes the rest")
    struct Deleting {
        @Test("does what its preview says, and leaves caches with which builds of the archive hit")
        func delete() async throws {
            let workspace = try await Workspace.shared.value
            let cachectl = try workspace.cachectl
            let (build, modules) = (try Scratch.shared.place("build"), try Scratch.shared.place("mod"))
            _ = try await cachectl.succeed(workspace.restoring(to: build, modules) + ["--profile", "ci"])
            let before = try await workspace.snapshot(build) + workspace.snapshot(modules)
            let restore =
                workspace.restoring(workspace.pack("gamma"), to: build, modules)
                + ["--profile", "ci", "--delete", "--json"]
            let preview = try EndToEnd.object(try await cachectl.succeed(restore + ["--dry-run"]).output)
            #expect(try await workspace.snapshot(build) + workspace.snapshot(modules) == before)
            let report = try EndToEnd.object(try await cachectl.succeed(restore).output)
            let (would, did) = (preview["deleted"] as? [String: Any], report["deleted"] as? [String: Any])
            for key in ["actions", "outputs", "downloads", "bytes"] {
                #expect((did?[key] as? Int ?? 0) > 0 && would?[key] as? Int == did?[key] as? Int, "\(key)")
            }
            #expect(would?["modules"] as? [String] == did?["modules"] as? [String])
            #expect((would?["packages"] as? [String])?.isEmpty == false)
            #expect(preview["digest"] as? String == report["digest"] as? String)
            let text = try await cachectl.succeed(restore.filter { $0 != "--json" } + ["--dry-run"])
            #expect(
                text.output.contains(": 0 B to write; nothing was changed, and content was not checked\n")
            )
            #expect(text.output.contains("GOMODCACHE  \(modules)\n"))
            #expect(text.output.contains("the caches hold nothing that is not restored\n"))
            let outcome = try await workspace.build(
                "gamma",
                proxy: "off",
                settings: ["GOCACHE": build]
            )
            #expect(outcome.compiles == 0)
            #expect(outcome.prints == workspace.prints["gamma"])
        }

        @Test("is refused where it would empty a cache, and with a pattern that matches nothing")
        func refused() async throws {
            let workspace = try await Workspace.shared.value
            let cachectl = try workspace.cachectl
            let (build, modules) = (try Scratch.shared.place("build"), try Scratch.shared.place("mod"))
            let archive = workspace.pack("alpha")
            _ = try await cachectl.succeed(workspace.restoring(archive, to: build, modules))
            let before = try await workspace.snapshot(build) + workspace.snapshot(modules)
            let part = try Scratch.shared.place("part")
            _ = try await cachectl.succeed(
                ["pack", "--no-go", "--label", "a", "--no-gocache", "--gomodcache", modules, "-o", part]
            )
            for (words, hint) in [
                ([part], "--no-gocache"), ([archive, "--include", "exmaple"], "`exmaple`"),
            ] {
                let outcome = try await cachectl.run(
                    ["restore", "--no-go", "--gocache", build, "--gomodcache", modules, "--delete"] + words
                )
                #expect(outcome.status == 64)
                #expect(outcome.errors.contains(hint))
            }
            #expect(try await workspace.snapshot(build) + workspace.snapshot(modules) == before)
        }
    }
}
