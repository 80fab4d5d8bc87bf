import Foundation
import Testing

extension EndToEnd {
    @Suite("At the same time,")
    struct Concurrency {
        @Test("three restores to one place all succeed, and leave the same as a single restore")
        func restores() async throws {
            let workspace = try await Workspace.shared.value
            let (shared, alone) = try (Scratch.shared.directory("shared"), Scratch.shared.directory("alone"))
            _ = try await workspace.cachectl.succeed(
                workspace.restoring(to: "\(alone)/build", "\(alone)/mod")
            )
            // Each restore takes one source, so that the restores write different files as well as the same
            // files.
            let running = try Workspace.programs.map { program in
                try workspace.cachectl.start(
                    workspace.restoring(to: "\(shared)/build", "\(shared)/mod") + ["--only", program]
                )
            }
            for restore in running {
                let outcome = try await restore.outcome()
                #expect(outcome.status == 0, "\(outcome)")
            }
            let (expected, found) = try await (workspace.snapshot(alone), workspace.snapshot(shared))
            #expect(Set(expected).symmetricDifference(found).isEmpty)
            #expect(expected.count > 400)
            #expect(try await workspace.leftovers(shared).isEmpty)
        }

        @Test("of three packs into one archive one succeeds, and the others say that it exists")
        func packs() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("one-output")
            let running = try Workspace.programs.map { program in
                try workspace.cachectl.start([
                    "pack", "--label", program, "-o", "\(top)/out.castore", "--no-go", "--no-gocache",
                    "--gomodcache", workspace.rawModuleCache(program),
                ])
            }
            var statuses: [Int] = []
            for pack in running {
                let outcome = try await pack.outcome()
                statuses.append(outcome.status)
                if outcome.status != 0 {
                    EndToEnd.expectFailure(outcome, status: 1, naming: "exists", "--force")
                }
            }
            #expect(statuses.filter { $0 == 0 }.count == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: top) == ["out.castore"])
            _ = try await workspace.cachectl.succeed(["verify", "\(top)/out.castore"])
        }

        @Test("a restore and a build in the same caches do no harm to each other")
        func build() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("busy")
            let (build, modules) = ("\(top)/build", "\(top)/mod")
            let settings = ["GOCACHE": build, "GOMODCACHE": modules]
            let restore = try workspace.cachectl.start(workspace.restoring(to: build, modules))
            let built = try await workspace.build("gamma", settings: settings)
            #expect(built.prints == workspace.prints["gamma"])
            let outcome = try await restore.outcome()
            #expect(outcome.status == 0, "\(outcome)")
            #expect(try await workspace.faults(build, modules).isEmpty)
            #expect(
                try await workspace.build("beta", proxy: "off", settings: settings).prints
                    == workspace.prints["beta"]
            )
        }
    }
}
