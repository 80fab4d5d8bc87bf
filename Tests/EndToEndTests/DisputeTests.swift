import Foundation
import Testing

extension EndToEnd {
    @Suite("A job that is not reproducible")
    struct Disputes {
        /// The archives of two runs of a job whose C code includes a file that Go knows nothing of, and of a
        /// third run with the file of the first.
        private struct Runs {
            var workspace: Workspace
            var top: String
            var go: Program

            static let package = "example.org/stamped/core"

            func archive(_ run: Int) -> String { "\(top)/run\(run).castore" }

            /// Writes the file that the C code includes.
            func write(stamp: Int) throws {
                try "#define STAMP \(stamp)\n".write(
                    toFile: "\(top)/stamp.h",
                    atomically: true,
                    encoding: .utf8
                )
            }
        }

        private func runs() async throws -> Runs {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("stamped")
            let files = [
                "go.mod": "module example.org/stamped\n\ngo 1.21\n",
                "main.go": """
                package main

                import "example.org/stamped/core"

                func main() { println(core.Stamp()) }

                """,
                "main_test.go": """
                package main

                import "testing"

                func TestMain(m *testing.M) { println(1); m.Run() }

                """,
                "core/core.go": """
                package core

                /*
                #include "\(top)/stamp.h"
                static int stamp(void) { return STAMP; }
                */
                import "C"

                func Stamp() int { return int(C.stamp()) }

                """,
            ]
            for (name, text) in files {
                let path = "\(top)/job/\(name)"
                let directory = (path as NSString).deletingLastPathComponent
                try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
                try text.write(toFile: path, atomically: true, encoding: .utf8)
            }
            // The job needs no modules.
            try FileManager.default.createDirectory(atPath: "\(top)/mod", withIntermediateDirectories: false)
            var go = workspace.goCommand(in: "worker", proxy: "off")
            go.directory = "\(top)/job"
            go.environment.merge(
                ["GOCACHE": "\(top)/build", "GOMODCACHE": "\(top)/mod", "CGO_ENABLED": "1"]
            ) { $1 }
            let runs = Runs(workspace: workspace, top: top, go: go)
            for (run, stamp) in [(1, 1), (2, 2), (3, 1)] {
                try runs.write(stamp: stamp)
                for line in [
                    "build -o \(top)/program .", "vet ./...", "test ./...", "test -cover .", "run .",
                ] {
                    _ = try await go.succeed(line.split(separator: " ").map(String.init))
                }
                _ = try await workspace.cachectl.succeed(
                    workspace.packing("run\(run)", from: "\(top)/build", "\(top)/mod", to: runs.archive(run))
                        + ["--keep", "all"]
                )
                try FileManager.default.removeItem(atPath: "\(top)/build")
            }
            return runs
        }

        @Test(
            "is told by diff --same-job, and one that is reproducible is not; unions keep, refuse or drop it"
        )
        func runsOfOneJob() async throws {
            let runs = try await runs()
            try await expectReport(runs)
            try await expectPolicies(runs)
        }

        private func expectReport(_ runs: Runs) async throws {
            let cachectl = try runs.workspace.cachectl
            let same = try await cachectl.run([
                "diff", runs.archive(1), runs.archive(3), "--same-job", "--json",
            ])
            #expect(same.status == 0, "\(same)")
            let report = try EndToEnd.object(same.output)
            #expect(
                report["is_reproduced"] as? Bool == true && (report["differing"] as? [Any])?.isEmpty == true
            )
            // Results of tests hold times, and sources for coverage the name of a temporary directory.
            #expect((report["varying"] as? [Any])?.isEmpty == false, "\(same)")
            #expect((report["common_actions"] as? Int ?? 0) > 50)

            let other = try await cachectl.run([
                "diff", runs.archive(1), runs.archive(2), "--same-job", "--json",
            ])
            #expect(other.status == 1 && other.errors.isEmpty, "\(other)")
            let differing = try #require(EndToEnd.object(other.output)["differing"] as? [[String: Any]])
            let package = differing.filter { $0["class"] as? String == "package" }
            // The package was also compiled for coverage.
            #expect(
                !package.isEmpty && package.allSatisfy { $0["package"] as? String == Runs.package },
                "\(other)"
            )
            let sides = try #require(package.first?["sides"] as? [[String: Any]])
            #expect(sides.count == 2)
            #expect(Set(sides.compactMap { $0["sources"] as? [String] }) == [["run1"], ["run2"]])
            // Main was compiled and linked against another package, so it has another action ID.
            #expect(
                !differing.contains { ["main", "executable"].contains($0["class"] as? String) },
                "\(other)"
            )

            let text = try await cachectl.run(["diff", runs.archive(1), runs.archive(2), "--same-job"])
            #expect(text.status == 1 && text.output.contains(Runs.package), "\(text)")
            #expect(text.output.contains("only in the first, "), "\(text)")
        }

        @Test("can't be told from a job that has nothing in common with it: nothing is compared, status 1")
        func nothing() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("nothing")
            try FileManager.default.createDirectory(atPath: "\(top)/c", withIntermediateDirectories: false)
            let empty = "\(top)/empty.castore"
            _ = try await workspace.cachectl.succeed(
                [
                    "pack", "--label", "none", "--gocache", "\(top)/c", "--no-gomodcache", "--no-go", "-o",
                    empty,
                ]
            )
            let command = ["diff", workspace.pack("alpha"), empty, "--same-job"]
            let json = try await workspace.cachectl.run(command + ["--json"])
            let report = try EndToEnd.object(json.output)
            #expect(json.status == 1 && report["is_reproduced"] is NSNull, "\(json)")
            #expect(report["common_actions"] as? Int == 0 && report["only_second_actions"] as? Int == 0)
            #expect((report["only_first_actions"] as? Int ?? 0) > 10, "\(json)")
            let text = try await workspace.cachectl.run(command)
            #expect(text.status == 1 && text.errors.hasPrefix("error: nothing was compared, "), "\(text)")
        }

        private func expectPolicies(_ runs: Runs) async throws {
            let (workspace, top) = (runs.workspace, runs.top)
            let inputs = [runs.archive(1), runs.archive(2)]
            let output = "\(top)/all.castore"
            for order in [inputs, inputs.reversed()] {
                let refused = try await workspace.cachectl.run(
                    ["union", "-o", output, "--on-conflict", "fail"] + order
                )
                EndToEnd.expectFailure(
                    refused,
                    status: 2,
                    naming: Runs.package,
                    "`run1` in `\(inputs[0])`",
                    "`run2` in `\(inputs[1])`",
                    "hint: "
                )
                let listed = try await workspace.cachectl.run(
                    ["union", "-o", output, "--on-conflict", "fail", "--json"] + order
                )
                #expect(listed.status == 2 && listed.errors.contains("error: "), "\(listed)")
                let object = try EndToEnd.object(listed.output)
                let disputes = try #require(object["disputes"] as? [[String: Any]])
                #expect(disputes.contains { $0["package"] as? String == Runs.package }, "\(listed)")
                for key in ["digest", "totals", "input_bytes"] { #expect(object[key] is NSNull, "\(key)") }
                #expect(!FileManager.default.fileExists(atPath: output))
            }
            let kept = try await workspace.cachectl.succeed(["union", "-o", output] + inputs)
            #expect(kept.errors.contains("warning: ") && kept.errors.contains("`\(Runs.package)`"), "\(kept)")

            // A selection keeps both, and says so in the same words.
            let part = "\(top)/part.castore"
            let selected = try await workspace.cachectl.succeed(
                ["select", "-o", part, "--keep", "package", "--json"] + inputs
            )
            #expect(selected.errors.contains("several outputs for"), "\(selected)")
            #expect(selected.errors.contains("`\(Runs.package)`") && !selected.errors.contains("by rule"))
            let document = try EndToEnd.object(selected.output)
            #expect((document["conflicts"] as? [[String: Any]])?.isEmpty == true)
            let both = try #require(document["disputes"] as? [[String: Any]])
            #expect(both.contains { $0["package"] as? String == Runs.package })
            let one = try await workspace.cachectl.succeed(
                ["select", "-o", part, "--force", "--only", "run1"] + inputs
            )
            #expect(!one.errors.contains("several outputs"), "\(one)")

            let dropped = try await workspace.cachectl.succeed(
                ["union", "-o", output, "--on-conflict", "drop", "--json", "--force"] + inputs.reversed()
            )
            let disputes = try #require(EndToEnd.object(dropped.output)["disputes"] as? [[String: Any]])
            #expect(disputes.contains { $0["package"] as? String == Runs.package })
            _ = try await workspace.cachectl.succeed(["verify", output])
            _ = try await workspace.cachectl.succeed(
                workspace.restoring(output, to: "\(top)/build", "\(top)/mod")
            )
            // Go compiles the disputed package alone, and then hits what the job built on it.
            try runs.write(stamp: 2)
            let build = try await runs.go.succeed(["build", "-x", "-o", "\(top)/program", "."])
            let compiles = build.errors.split(separator: "\n").filter { $0.contains("/compile -o ") }
            #expect(compiles.count == 1 && compiles[0].contains(Runs.package), "\(compiles)")
            let program = Program(path: "\(top)/program", environment: [:], directory: top)
            #expect(try await program.succeed([]).errors == "2\n")
        }
    }
}
