import Foundation
import Testing

extension EndToEnd {
    @Suite("Killed at any instant,")
    struct Kill {
        private static let attempts = 15

        /// Measures the time of one undisturbed run of a command, then kills further runs at random instants.
        ///
        /// - Parameters:
        ///   - arguments: The arguments of the command, by the number of the attempt; -1 is the undisturbed
        ///     run.
        ///   - check: Called after each attempt, to check its result.
        /// - Returns: The number of attempts that died of the signal before they could finish.
        /// - Throws: The error of a command or of a check.
        private func kill(
            _ arguments: (Int) throws -> [String],
            check: (Int, Program.Outcome) async throws -> Void
        ) async throws -> Int {
            let cachectl = try await Workspace.shared.value.cachectl
            let clock = ContinuousClock()
            let begin = clock.now
            _ = try await cachectl.succeed(arguments(-1))
            var time = clock.now - begin
            var killed = 0
            for attempt in 0..<Self.attempts {
                let running = try cachectl.start(arguments(attempt))
                // Each fifteenth of the time has one instant, so that all phases are hit.
                let instant = (Double(attempt) + .random(in: 0..<1)) / Double(Self.attempts)
                try await Task.sleep(for: time * instant)
                running.send(SIGKILL)
                let outcome = try await running.outcome()
                #expect([0, 128 + 9].contains(outcome.status), "\(outcome)")
                // The machine may have been busier during the undisturbed run.
                if outcome.status == 0 { time = time * 0.75 } else { killed += 1 }
                try await check(attempt, outcome)
            }
            return killed
        }

        @Test("a restore leaves only what is whole, and another one completes it")
        func restore() async throws {
            let workspace = try await Workspace.shared.value
            let tops = try (-1..<Self.attempts).map { _ in try Scratch.shared.directory("killed-restore") }
            func arguments(_ attempt: Int) -> [String] {
                let (build, modules) = ("\(tops[attempt + 1])/build", "\(tops[attempt + 1])/mod")
                return workspace.restoring(to: build, modules) + ["--module-zips", "make"]
            }
            var expected: [String] = []
            let killed = try await kill(arguments) { attempt, _ in
                let top = tops[attempt + 1]
                if FileManager.default.fileExists(atPath: "\(top)/build") {
                    #expect(try await workspace.faults("\(top)/build", "\(top)/mod").isEmpty)
                }
                _ = try await workspace.cachectl.succeed(arguments(attempt))
                #expect(try await workspace.leftovers(top).isEmpty)
                if expected.isEmpty { expected = try await workspace.snapshot(tops[0]) }
                #expect(try await workspace.snapshot(top) == expected)
                _ = try await workspace.shell(#"chmod -R u+w "$1"; rm -rf "$1""#, [top])
            }
            #expect(expected.count > 400)
            #expect(killed >= Self.attempts / 3)
        }

        @Test("a pack leaves no archive, and another one succeeds")
        func pack() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("killed-pack")
            let build = "\(top)/build"
            _ = try await workspace.python(
                "audit.py",
                ["subset", workspace.rawBuildCache("alpha"), build, "4000000"]
            )
            func arguments(_ attempt: Int) -> [String] {
                workspace.packing(
                    "killed",
                    from: build,
                    workspace.rawModuleCache("gamma"),
                    to: "\(top)/\(attempt).castore"
                )
            }
            let killed = try await kill(arguments) { attempt, outcome in
                let archive = "\(top)/\(attempt).castore"
                if FileManager.default.fileExists(atPath: archive) {
                    #expect(FileManager.default.contentsEqual(atPath: archive, andPath: "\(top)/-1.castore"))
                } else {
                    #expect(outcome.status != 0)
                    _ = try await workspace.cachectl.succeed(arguments(attempt))
                }
                #expect(FileManager.default.contentsEqual(atPath: archive, andPath: "\(top)/-1.castore"))
            }
            #expect(killed >= Self.attempts / 3)
        }

        @Test("a union leaves no archive or the old one, and another one succeeds")
        func union() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("killed-union")
            func output(_ attempt: Int) -> String { "\(top)/\(attempt).castore" }
            func arguments(_ attempt: Int) -> [String] {
                ["union", "--force", "-o", output(attempt)] + Workspace.programs.map(workspace.pack)
            }
            // Every other attempt replaces an existing archive.
            let old = workspace.pack("gamma")
            for attempt in 0..<Self.attempts where attempt.isMultiple(of: 2) {
                try FileManager.default.copyItem(atPath: old, toPath: output(attempt))
            }
            let killed = try await kill(arguments) { attempt, outcome in
                let exists = FileManager.default.fileExists(atPath: output(attempt))
                if exists {
                    let isNew = FileManager.default.contentsEqual(
                        atPath: output(attempt),
                        andPath: workspace.union
                    )
                    let isOld = FileManager.default.contentsEqual(atPath: output(attempt), andPath: old)
                    #expect(isNew || (isOld && attempt.isMultiple(of: 2)))
                } else {
                    #expect(outcome.status != 0 && !attempt.isMultiple(of: 2))
                }
                _ = try await workspace.cachectl.succeed(arguments(attempt))
                #expect(FileManager.default.contentsEqual(atPath: output(attempt), andPath: workspace.union))
            }
            #expect(killed >= Self.attempts / 3)
        }

        @Test("a repair leaves no archive, and another one succeeds")
        func repair() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("killed-repair")
            let damaged = "\(top)/damaged.castore"
            let query = "SELECT id FROM chunk WHERE id % 3 = 0"
            _ = try await workspace.python("damage.py", [workspace.union, damaged, query])
            func output(_ attempt: Int) -> String { "\(top)/\(attempt).castore" }
            func arguments(_ attempt: Int) -> [String] {
                ["repair", damaged, "--force", "-o", output(attempt), "--from"]
                    + Workspace.programs.map(workspace.pack)
            }
            let killed = try await kill(arguments) { attempt, outcome in
                if !FileManager.default.fileExists(atPath: output(attempt)) {
                    #expect(outcome.status != 0)
                    _ = try await workspace.cachectl.succeed(arguments(attempt))
                }
                #expect(FileManager.default.contentsEqual(atPath: output(attempt), andPath: workspace.union))
                #expect(try await workspace.leftovers(top).isEmpty)
            }
            #expect(killed >= Self.attempts / 3)
        }
    }
}
