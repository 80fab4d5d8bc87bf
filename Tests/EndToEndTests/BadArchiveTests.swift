import Foundation
import Testing

extension EndToEnd {
    @Suite("A bad archive")
    struct BadArchives {
        /// The commands that read archives, each of which is given bad archives.
        private static let commands = ["union", "restore", "verify", "info", "ls"]

        /// Runs a command on an archive, with a new directory to write to.
        private func run(_ command: String, _ archive: String) async throws -> (
            outcome: Program.Outcome, top: String
        ) {
            let top = try Scratch.shared.directory("bad")
            let arguments =
                switch command {
                case "union": ["union", archive, "-o", "\(top)/out.castore"]
                case "restore":
                    ["restore", archive, "--gocache", "\(top)/build", "--gomodcache", "\(top)/mod"]
                default: [command, archive]
                }
            return (try await Workspace.shared.value.cachectl.run(arguments), top)
        }

        /// Copies an archive and changes its bytes.
        private func copy(changing change: (inout [UInt8]) -> Void) async throws -> String {
            var bytes = try await [UInt8](
                Data(contentsOf: URL(fileURLWithPath: Workspace.shared.value.pack("gamma")))
            )
            change(&bytes)
            let path = try Scratch.shared.place("damaged.castore")
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return path
        }

        /// Checks that a command refused an archive.
        ///
        /// A verification prints a summary of a damaged archive on standard output, without the word "sound".
        /// Other commands print nothing there.
        private func expectRefusal(
            _ command: String,
            _ outcome: Program.Outcome,
            status: Int,
            naming path: String
        ) {
            var outcome = outcome
            if command == "verify" {
                #expect(!outcome.output.contains("sound"))
                outcome.output = ""
            }
            EndToEnd.expectFailure(outcome, status: status, naming: path)
        }

        @Test("is missing: status 1", arguments: commands)
        func missing(command: String) async throws {
            let (outcome, top) = try await run(command, "/nowhere/at-all.castore")
            expectRefusal(command, outcome, status: 1, naming: "/nowhere/at-all.castore")
            #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
        }

        @Test("can't be read: status 1, with a hint", arguments: commands)
        func unreadable(command: String) async throws {
            let workspace = try await Workspace.shared.value
            let archive = try await copy { _ in }
            try FileManager.default.setAttributes([.posixPermissions: 0o000], ofItemAtPath: archive)
            let top = try Scratch.shared.directory("unreadable")
            // Root may read every file, so the script gives up that power first.
            let outcome = try await workspace.shell(
                #"""
                command="$1"; archive="$2"; top="$3"; python="$4"; powerless="$5"; shift 5
                case "$command" in
                    union) set -- -o "$top/out.castore" ;;
                    restore) set -- --gocache "$top/build" --gomodcache "$top/mod" ;;
                esac
                exec "$python" "$powerless" "$CACHECTL" "$command" "$archive" "$@"
                """#,
                [command, archive, top, Tools.python(), Tools.fixture("powerless.py")]
            )
            expectRefusal(command, outcome, status: 1, naming: archive)
            #expect(outcome.errors.contains("hint: "))
            #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
        }

        @Test("is a directory: status 64", arguments: commands)
        func directory(command: String) async throws {
            let directory = try Scratch.shared.directory("directory.castore")
            let (outcome, top) = try await run(command, directory)
            expectRefusal(command, outcome, status: 64, naming: directory)
            #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
        }

        @Test("is empty, text or a zstd file: status 2", arguments: commands)
        func other(command: String) async throws {
            let texts: [[UInt8]] = [
                [], Array("no archive\n".utf8), [UInt8](repeating: 0, count: 10_000),
                [0x28, 0xB5, 0x2F, 0xFD, 0x24, 0, 1, 0, 0],
            ]
            for text in texts {
                let archive = try await copy { $0 = text }
                let (outcome, top) = try await run(command, archive)
                expectRefusal(command, outcome, status: 2, naming: archive)
                #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
            }
        }

        @Test("is cut short: status 2", arguments: commands)
        func truncated(command: String) async throws {
            for share in [0.1, 0.5, 0.999] {
                let archive = try await copy { $0.removeLast($0.count - Int(Double($0.count) * share)) }
                let (outcome, top) = try await run(command, archive)
                expectRefusal(command, outcome, status: 2, naming: archive)
                #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
            }
        }

        @Test("has a flipped bit in its index: status 2", arguments: commands)
        func index(command: String) async throws {
            let archive = try await copy { $0[$0.count - 5000] ^= 0x10 }
            let (outcome, top) = try await run(command, archive)
            expectRefusal(command, outcome, status: 2, naming: archive)
            #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
        }

        @Test(
            "has a flipped bit in a frame: status 2, and the place or member named",
            arguments: ["union", "restore", "verify"]
        )
        func frame(command: String) async throws {
            let archive = try await copy { $0[$0.count / 3] ^= 0x10 }
            let (outcome, top) = try await run(command, archive)
            expectRefusal(command, outcome, status: 2, naming: archive)
            #expect(
                outcome.errors.contains(", member `") || outcome.errors.contains(", at byte "),
                "\(outcome)"
            )
            #expect(!FileManager.default.fileExists(atPath: "\(top)/out.castore"))
            let workspace = try await Workspace.shared.value
            #expect(try await workspace.leftovers(top).isEmpty)
            if command == "restore" {
                #expect(try await workspace.faults("\(top)/build", "\(top)/mod").isEmpty)
            }
        }

        @Test("is of a newer format: status 1, and says so", arguments: commands)
        func newer(command: String) async throws {
            let archive = try await copy { bytes in
                let start = bytes.suffix(8).reduce(0) { $0 << 8 | Int($1) }
                bytes[start - 56] = 3
                bytes[start + 63] = 3
            }
            let (outcome, top) = try await run(command, archive)
            expectRefusal(command, outcome, status: 1, naming: archive)
            #expect(outcome.errors.contains("version 3") || outcome.errors.contains("newer"), "\(outcome)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
        }

        @Test("does not keep `verify` from checking the others, and is the one that `verify` names")
        func several() async throws {
            let workspace = try await Workspace.shared.value
            let bad = try await copy { $0[$0.count / 2] ^= 1 }
            let outcome = try await workspace.cachectl.run([
                "verify", bad, "/nowhere", workspace.union, "--json",
            ])
            #expect(outcome.status == 2)
            let object = try EndToEnd.object(outcome.output)
            #expect(object["schema"] as? String == "cachectl.verify/1")
            let archives = try #require(object["archives"] as? [[String: Any]])
            #expect(archives.map { $0["is_sound"] as? Bool } == [false, false, true])
        }
    }
}
