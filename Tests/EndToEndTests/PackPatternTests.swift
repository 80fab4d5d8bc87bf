import Foundation
import Testing

extension EndToEnd {
    @Suite("A pack of real caches by patterns")
    struct PackByPatterns {
        /// Packs caches whole, selects from that, and packs the caches by the same patterns.
        ///
        /// - Returns: The selection and the pack, which are to be equal, and the reports on them.
        private func both(
            _ patterns: [String],
            _ caches: [String],
            _ options: [String] = []
        ) async throws -> (selection: String, part: String, selected: [String: Any], packed: [String: Any]) {
            let workspace = try await Workspace.shared.value
            var cachectl = try workspace.cachectl
            // Go states the path under which it has built.
            cachectl.environment["GOMODCACHE"] = workspace.moduleCache
            let pack = ["pack", "--label", "job", "--level", "1", "--go", workspace.go] + caches + options
            let (whole, selection) = (
                try Scratch.shared.place("whole"), try Scratch.shared.place("selection")
            )
            let part = try Scratch.shared.place("part")
            _ = try await cachectl.succeed(pack + ["-o", whole])
            let selected = try await cachectl.succeed(
                ["select", whole, "-o", selection, "--json"] + patterns
            )
            let packed = try await cachectl.succeed(pack + ["-o", part, "--json", "--jobs", "2"] + patterns)
            let preview = try await cachectl.succeed(pack + ["--dry-run", "--json"] + patterns)
            let (one, other) = (try EndToEnd.object(packed.output), try EndToEnd.object(preview.output))
            #expect(one["digest"] as? String == other["digest"] as? String)
            return (selection, part, try EndToEnd.object(selected.output), one)
        }

        private static let patterns = [
            ["--include", "std", "--include", "example.com/UpperCase/*", "--include", "*/programs/gamma"],
            ["--exclude", "example.com/lib*", "--exclude", "runtime/*", "--exclude", "nothing"],
        ]

        @Test("is what a selection makes of the whole pack, byte for byte", arguments: [0, 1])
        func isTheSelection(number: Int) async throws {
            let workspace = try await Workspace.shared.value
            let caches = [
                "--gocache", workspace.rawBuildCache("gamma"), "--gomodcache",
                workspace.rawModuleCache("gamma"),
            ]
            let patterns = Self.patterns[number]
            var pure = ""
            for options in [["--drop", "vet,sources", "--keep", "executable"], []] {
                let (selection, part, selected, packed) = try await both(patterns, caches, options)
                #expect(FileManager.default.contentsEqual(atPath: part, andPath: selection), "\(options)")
                pure = selection
                let removed = (selected["removed"] as? [String: Any])?["by_kind"] as? [String: [String: Any]]
                let excluded = packed["excluded"] as? [String: Any]
                let kinds = excluded?["by_kind"] as? [String: [String: Any]]
                for kind in ["action", "output", "tree"] {
                    let members = kinds?[kind]?["members"] as? Int
                    #expect(members == removed?[kind]?["members"] as? Int, "\(kind)")
                    #expect((members ?? 0) > 0 || kind == "tree" && number == 0, "\(kind) \(number)")
                }
                #expect((excluded?["packages"] as? Int ?? 0) > 0)
                func unmatched(_ report: [String: Any]) -> [String] {
                    (report["warnings"] as? [[String: Any]] ?? [])
                        .filter { $0["code"] as? String == "unmatchedPattern" }
                        .compactMap { $0["message"] as? String }
                }
                #expect(unmatched(packed) == unmatched(selected))
                #expect(unmatched(packed).isEmpty == (number != 1))
            }
            // With a base, it is the difference of the selection and the base.
            let base = workspace.pack("alpha")
            let (difference, part) = (
                try Scratch.shared.place("difference"), try Scratch.shared.place("delta")
            )
            var cachectl = try workspace.cachectl
            cachectl.environment["GOMODCACHE"] = workspace.moduleCache
            _ = try await cachectl.succeed(["difference", pure, base, "-o", difference])
            _ = try await cachectl.succeed(
                ["pack", "--label", "job", "--level", "1", "--go", workspace.go, "-o", part, "--base", base]
                    + caches
                    + patterns
            )
            #expect(FileManager.default.contentsEqual(atPath: part, andPath: difference))
        }

        @Test("of what a job has used is the selection of that, and has what the named builds need")
        func used() async throws {
            let workspace = try await Workspace.shared.value
            let (build, modules) = (try Scratch.shared.place("build"), try Scratch.shared.place("mod"))
            _ = try await workspace.cachectl.succeed(
                workspace.restoring(to: build, modules) + ["--profile", "ci"]
            )
            _ = try await workspace.build("gamma", proxy: "off", settings: ["GOCACHE": build])
            let patterns = [
                "--include", "std", "--include", "example.com/UpperCase/*", "--include", "example.com/lib*",
                "--include", "*/programs/gamma",
            ]
            let (selection, part, _, packed) = try await both(
                patterns,
                ["--gocache", build, "--gomodcache", modules],
                ["--used", "--checkout", "\(workspace.root)/programs/gamma"]
            )
            #expect(FileManager.default.contentsEqual(atPath: part, andPath: selection))
            #expect((packed["unused"] as? Int ?? 0) > 0)
            let fresh = try Scratch.shared.place("fresh")
            _ = try await workspace.cachectl.succeed(
                ["restore", part, "--gocache", fresh, "--no-gomodcache"]
            )
            let outcome = try await workspace.build("gamma", proxy: "off", settings: ["GOCACHE": fresh])
            #expect(outcome.compiles == 0)
            #expect(outcome.prints == workspace.prints["gamma"])
        }

        @Test("reads what it leaves out only on request, and a bare request is refused")
        func recheck() async throws {
            let workspace = try await Workspace.shared.value
            let caches = [
                "--gocache", workspace.rawBuildCache("alpha"), "--gomodcache",
                workspace.rawModuleCache("alpha"),
            ]
            let pack = ["pack", "--label", "job", "--go", workspace.go] + caches
            let (one, other) = (try Scratch.shared.place("one"), try Scratch.shared.place("other"))
            let cachectl = try workspace.cachectl
            let outcome = try await cachectl.succeed(pack + ["-o", one, "--exclude", "*"])
            #expect(outcome.output.contains("\nexcluded  "))
            _ = try await cachectl.succeed(pack + ["-o", other, "--exclude", "*", "--recheck", "--strict"])
            #expect(FileManager.default.contentsEqual(atPath: one, andPath: other))
            let refused = try await cachectl.run(pack + ["--dry-run", "--recheck"])
            #expect(refused.status == 64)
            #expect(refused.errors.contains("`--recheck` needs `--base`, `--include` or `--exclude`"))
        }
    }
}
