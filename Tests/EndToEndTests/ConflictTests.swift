import Foundation
import Testing

extension EndToEnd {
    @Suite("Archives that do not fit together,")
    struct Conflicts {
        /// Packs a changed copy of gamma's module cache.
        private func pack(_ label: String, changing script: String) async throws -> String {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("conflict")
            let change = try await workspace.shell(
                #"cp -a "$1" "$2" && cd "$2/cache/download/example.com/lib/@v" && "# + script,
                [workspace.rawModuleCache("gamma"), "\(top)/mod"]
            )
            #expect(change.status == 0, "\(change)")
            _ = try await workspace.cachectl.succeed([
                "pack", "--label", label, "-o", "\(top)/out.castore", "--no-gocache", "--gomodcache",
                "\(top)/mod", "--no-go",
            ])
            return "\(top)/out.castore"
        }

        @Test("with two values of a .mod file: status 2, the module named, no archive")
        func mod() async throws {
            let workspace = try await Workspace.shared.value
            let archives = try await [
                pack("one", changing: "true"), pack("two", changing: "echo '// more' >> v1.0.0.mod"),
            ]
            let output = try Scratch.shared.place("out.castore")
            for inputs in [archives, archives.reversed()] {
                let outcome = try await workspace.cachectl.run(["union", "-o", output] + inputs)
                EndToEnd.expectFailure(outcome, status: 2, naming: "example.com/lib@v1.0.0", "mod")
                #expect(!FileManager.default.fileExists(atPath: output))
            }
        }

        @Test("with two values of a .ziphash: status 2, the module named, no archive")
        func ziphash() async throws {
            let workspace = try await Workspace.shared.value
            let other = try await pack(
                "two",
                changing: #"""
                    rm v1.0.0.zip &&
                    chmod -R u+w "$2/example.com/lib@v1.0.0" && rm -r "$2/example.com/lib@v1.0.0" &&
                    printf 'h1:%s' "$(head -c 32 /dev/zero | base64)" > v1.0.0.ziphash
                    """#
            )
            let output = try Scratch.shared.place("out.castore")
            let outcome = try await workspace.cachectl.run([
                "union", "-o", output, pack("one", changing: "true"), other,
            ])
            EndToEnd.expectFailure(outcome, status: 2, naming: "example.com/lib@v1.0.0")
            #expect(!FileManager.default.fileExists(atPath: output))
        }

        @Test("with one label for two packs: status 1, the label named, no archive")
        func label() async throws {
            let workspace = try await Workspace.shared.value
            let archives = try await [
                pack("same", changing: "true"), pack("same", changing: "rm v1.0.0.info"),
            ]
            let output = try Scratch.shared.place("out.castore")
            let outcome = try await workspace.cachectl.run(["union", "-o", output] + archives)
            EndToEnd.expectFailure(outcome, status: 1, naming: "same", "hint: ")
            #expect(!FileManager.default.fileExists(atPath: output))
        }

        @Test("with an .info that differs: one is kept by rule whatever the order, and the other is reported")
        func info() async throws {
            let workspace = try await Workspace.shared.value
            let change =
                #"printf '{"Version":"v1.0.0","Time":"2024-05-06T07:08:09Z","Origin":{}}' > v1.0.0.info"#
            let archives = try await [pack("one", changing: "true"), pack("two", changing: change)]
            let outputs = try [Scratch.shared.place("a.castore"), Scratch.shared.place("b.castore")]
            for (output, inputs) in zip(outputs, [archives, archives.reversed()]) {
                let outcome = try await workspace.cachectl.succeed(
                    ["union", "--json", "-o", output] + inputs
                )
                #expect(outcome.errors.contains("warning: the inputs disagree on 1 member"), "\(outcome)")
                let conflicts = try #require(EndToEnd.object(outcome.output)["conflicts"] as? [[String: Any]])
                #expect(conflicts.map { $0["name"] as? String } == ["example.com/lib@v1.0.0"])
            }
            #expect(FileManager.default.contentsEqual(atPath: outputs[0], andPath: outputs[1]))
        }

        @Test("in another order or given twice, or in two steps, give the same bytes")
        func laws() async throws {
            let workspace = try await Workspace.shared.value
            let packs = Workspace.programs.map(workspace.pack)
            let (step, output) = try (
                Scratch.shared.place("step.castore"), Scratch.shared.place("law.castore")
            )
            _ = try await workspace.cachectl.succeed(["union", "-o", step, packs[2], packs[0]])
            for inputs in [packs.reversed(), packs + packs, [step, packs[1]], [workspace.union, step]] {
                _ = try await workspace.cachectl.succeed(["union", "--force", "-o", output] + inputs)
                #expect(FileManager.default.contentsEqual(atPath: output, andPath: workspace.union))
            }
        }

        @Test("restored to another GOMODCACHE: a warning that says what will miss, and status 0")
        func path() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("elsewhere")
            let restoring = workspace.restoring(workspace.pack("gamma"), to: "\(top)/build", "\(top)/mod")
            let outcome = try await workspace.cachectl.succeed(restoring + ["--json", "--go", workspace.go])
            let warning = try #require(
                outcome.errors.split(separator: "\n").first { $0.hasPrefix("warning: ") }
            )
            #expect(warning.contains(workspace.moduleCache) && warning.contains("\(top)/mod"))
            #expect(warning.contains("again"))
            let warnings = try #require(EndToEnd.object(outcome.output)["warnings"] as? [[String: String]])
            #expect(warnings.map { $0["code"] } == ["moduleCachePath"])
            // Who asks for no comparison gets none.
            let silent = try await workspace.cachectl.succeed(restoring + ["--no-go"])
            #expect(silent.errors.isEmpty, "\(silent.errors)")
        }

        @Test("built with another Go: a warning that names both versions, and status 0")
        func version() async throws {
            let workspace = try await Workspace.shared.value
            // This Go command claims to be another version.
            let other = try workspace.goScript(#""$GO" "$@" | sed s/go1.25.5/go1.24.9/"#)
            let (old, output) = try (Scratch.shared.place("old.castore"), Scratch.shared.place("out.castore"))
            _ = try await workspace.cachectl.succeed([
                "pack", "--label", "old", "-o", old, "--no-gocache", "--gomodcache",
                workspace.rawModuleCache("gamma"), "--go", other,
            ])
            let outcome = try await workspace.cachectl.succeed([
                "union", "-o", output, old, workspace.pack("alpha"), "--json",
            ])
            let warnings = try #require(EndToEnd.object(outcome.output)["warnings"] as? [[String: String]])
            let warning = try #require(warnings.first { $0["code"] == "goVersion" }?["message"])
            #expect(warning.contains("1.24.9") && warning.contains("1.25.5"))
            #expect(outcome.errors.contains("warning: \(warning)"))
        }
    }
}
