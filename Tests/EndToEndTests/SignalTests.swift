import Foundation
import Testing

extension EndToEnd {
    @Suite("Asked to stop,")
    struct Interrupt {
        /// Runs a command, and sends it a signal as soon as `hasBegun` returns true.
        private func interrupt(
            _ arguments: [String],
            settings: [String: String] = [:],
            with signal: Int32,
            when hasBegun: () throws -> Bool
        ) async throws -> Program.Outcome {
            var cachectl = try await Workspace.shared.value.cachectl
            cachectl.environment.merge(settings) { $1 }
            let running = try cachectl.start(arguments)
            while try running.isRunning && !hasBegun() { try await Task.sleep(for: .milliseconds(1)) }
            running.send(signal)
            return try await running.outcome()
        }

        private static let signals = [(SIGINT, 130), (SIGTERM, 143), (SIGHUP, 129)]

        @Test("a pack exits with the signal's status and leaves nothing behind", arguments: signals)
        func pack(signal: Int32, status: Int) async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("interrupted-pack")
            let packing = workspace.packing(
                "late",
                from: workspace.rawBuildCache("alpha"),
                workspace.rawModuleCache("alpha"),
                to: "\(top)/late.castore"
            )
            let outcome = try await interrupt(packing, with: signal) {
                try !FileManager.default.contentsOfDirectory(atPath: top).isEmpty
            }
            EndToEnd.expectFailure(outcome, status: status, naming: "interrupted: no archive was written")
            #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
        }

        @Test("a pack of a tar that does not come leaves nothing behind", arguments: signals)
        func silence(signal: Int32, status: Int) async throws {
            let top = try Scratch.shared.directory("interrupted-silence")
            let pipe = try Scratch.shared.place("pipe")
            #expect(unsafe mkfifo(pipe, 0o600) == 0)
            // Nobody writes to the pipe; or somebody does, but does not go on.
            for isOpen in [false, true] {
                let writer = isOpen ? unsafe open(pipe, O_RDWR) : -1
                let start = Date()
                let outcome = try await interrupt(
                    ["pack", "--no-go", "--label", "a", "-o", "\(top)/late.castore", "--from-tar", pipe],
                    with: signal
                ) {
                    Date() > start + 1
                }
                EndToEnd.expectFailure(outcome, status: status, naming: "interrupted: no archive was written")
                #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
                if isOpen { close(writer) }
            }
        }

        @Test("a selection that compresses again leaves nothing behind", arguments: signals)
        func compression(signal: Int32, status: Int) async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("interrupted-compression")
            let selecting = ["select", workspace.union, "-o", "\(top)/late.castore", "--level", "19"]
            let outcome = try await interrupt(selecting, with: signal) {
                try !FileManager.default.contentsOfDirectory(atPath: top).isEmpty
            }
            EndToEnd.expectFailure(outcome, status: status, naming: "interrupted: no archive was written")
            #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
        }

        @Test("a pack that still asks Go for its settings leaves nothing behind", arguments: signals)
        func asking(signal: Int32, status: Int) async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("interrupted-question")
            let temporary = try Scratch.shared.directory("interrupted-question-scratch")
            let mark = try Scratch.shared.place("question")
            // Go answers so fast that a busy machine might not notice the question.
            let packing = workspace.packing(
                "late",
                from: workspace.rawBuildCache("alpha"),
                workspace.rawModuleCache("alpha"),
                to: "\(top)/late.castore",
                go: try workspace.goScript(": > '\(mark)'; sleep 0.3; exec \"$GO\" \"$@\"")
            )
            // With flags of the C compiler, Go gets a directory of its own for its trials of the compiler.
            for flags in ["", "-O1"] {
                let settings = ["TMPDIR": temporary, "CGO_CFLAGS": flags]
                let outcome = try await interrupt(packing, settings: settings, with: signal) {
                    if flags.isEmpty { return FileManager.default.fileExists(atPath: mark) }
                    return try !FileManager.default.contentsOfDirectory(atPath: temporary).isEmpty
                }
                EndToEnd.expectFailure(outcome, status: status, naming: "interrupted: nothing was written")
                for directory in [top, temporary] {
                    #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
                }
            }
        }

        @Test("a restore leaves whole files only, and another one completes it", arguments: signals)
        func restore(signal: Int32, status: Int) async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("interrupted-restore")
            let (build, modules) = ("\(top)/build", "\(top)/mod")
            let outcome = try await interrupt(workspace.restoring(to: build, modules), with: signal) {
                // Outputs are restored in the order of their names.
                try FileManager.default.fileExists(atPath: "\(build)/08")
                    && !FileManager.default.contentsOfDirectory(atPath: "\(build)/08").isEmpty
            }
            EndToEnd.expectFailure(outcome, status: status, naming: "interrupted", "again")
            #expect(try await workspace.leftovers(top).isEmpty)
            #expect(try await workspace.faults(build, modules).isEmpty)
            _ = try await workspace.cachectl.succeed(workspace.restoring(to: build, modules))
            #expect(try await workspace.faults(build, modules).isEmpty)
        }
    }
}
