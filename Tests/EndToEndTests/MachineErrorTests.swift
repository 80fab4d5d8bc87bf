import Foundation
import Testing

extension EndToEnd {
    /// Tests of errors of the machine, which must never be taken for damage of a cache.
    ///
    /// `strace` makes a system call fail from its n-th call on. Whatever fails, a pack must either succeed
    /// with the archive that it gives without faults, or fail without an archive.
    @Suite("An error of the machine")
    struct MachineErrors {
        /// A small cache, and the archive that a pack without faults gives.
        private static let cache = Task {
            let workspace = try await Workspace.shared.value
            let root = try Scratch.shared.directory("machine")
            _ = try await workspace.python("small_cache.py", ["\(root)/build", "\(root)/mod"])
            let archive = "\(root)/whole.castore"
            let arguments = Self.packing(root, to: archive)
            _ = try await workspace.cachectl.succeed(arguments)
            return (workspace, root, try Data(contentsOf: URL(fileURLWithPath: archive)))
        }

        private static func packing(_ root: String, to archive: String) -> [String] {
            [
                "pack", "--label", "x", "-o", archive, "--no-go", "-q", "--jobs", "1",
                "--gocache", "\(root)/build", "--gomodcache", "\(root)/mod",
            ]
        }

        struct Fault: CustomTestStringConvertible, Sendable {
            var call: String
            var error: String
            var testDescription: String { "\(error) of \(call)" }
        }

        static let faults: [Fault] = [
            ("openat", ["EMFILE", "ENFILE", "ENOMEM", "EIO", "ESTALE", "EACCES", "EINTR"]),
            ("pread64", ["EIO", "ENOMEM", "ESTALE", "EINTR"]),
            ("getdents64", ["EIO", "ENOMEM", "EINTR"]),
            ("newfstatat", ["EIO", "ENOMEM", "EACCES", "EINTR"]),
            ("pwrite64", ["ENOSPC", "EDQUOT", "EIO", "EINTR"]),
        ].flatMap { call, errors in errors.map { Fault(call: call, error: $0) } }

        /// Returns the number of calls that a command makes.
        private static func count(_ call: String, _ arguments: [String]) async throws -> Int {
            let log = try Scratch.shared.place("calls")
            let line =
                "strace -f -qq -o \(log) -e trace=\(call) \"$CACHECTL\" \"$@\" >\(log).out && wc -l <\(log)"
            let outcome = try await Self.cache.value.0.shell(line, arguments)
            return Int(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
        }

        @Test("ends a pack, at the first reading and at the second, and leaves no archive", arguments: faults)
        func pack(fault: Fault) async throws {
            let (workspace, root, whole) = try await Self.cache.value
            let isTransient = fault.error == "EINTR"
            let start = try await Self.count(fault.call, ["--version"])
            let end = try await Self.count(
                fault.call,
                Self.packing(root, to: Scratch.shared.place("counted"))
            )
            try #require(end > start + 4, "\(start) calls at the start, and \(end) in all")
            var failures = 0
            for step in 1...6 {
                let first = start + (end - start) * step / 7
                let archive = try Scratch.shared.place("faulty.castore")
                // A signal interrupts one call in two; other errors stay.
                let when = isTransient ? "\(first)+2" : "\(first)+"
                let outcome = try await workspace.shell(
                    "strace -f -qq -o /dev/null -e trace=\(fault.call) "
                        + "-e inject=\(fault.call):error=\(fault.error):when=\(when) \"$CACHECTL\" \"$@\"",
                    Self.packing(root, to: archive)
                )
                let found = try? Data(contentsOf: URL(fileURLWithPath: archive))
                if outcome.status == 0 {
                    #expect(found == whole, "\(fault) from call \(first): \(outcome)")
                } else {
                    failures += 1
                    #expect(outcome.status == 1, "\(fault) from call \(first): \(outcome)")
                    #expect(found == nil)
                    #expect(!outcome.errors.contains("left out"), "\(outcome)")
                    #expect(!outcome.errors.contains("damaged"), "\(outcome)")
                }
            }
            #expect(isTransient ? failures == 0 : failures > 0)
        }

        @Test("is reported where too few files may be open, with the limit to raise")
        func descriptors() async throws {
            let (workspace, root, whole) = try await Self.cache.value
            var failures = 0
            for limit in 4...24 {
                let archive = try Scratch.shared.place("few.castore")
                let outcome = try await workspace.shell(
                    "ulimit -n \(limit) && exec \"$CACHECTL\" \"$@\"",
                    Self.packing(root, to: archive)
                )
                let found = try? Data(contentsOf: URL(fileURLWithPath: archive))
                guard outcome.status != 0 else {
                    #expect(found == whole, "\(limit): \(outcome)")
                    continue
                }
                failures += 1
                #expect(outcome.status == 1 && found == nil, "\(limit): \(outcome)")
                if limit > 5 { #expect(outcome.errors.contains("`ulimit -n`"), "\(limit): \(outcome)") }
            }
            #expect((1..<20).contains(failures))
        }

        @Test("leaves nothing of an image or a cache where too few files may be open")
        func leftovers() async throws {
            let (workspace, root, _) = try await Self.cache.value
            var failures = 0
            for limit in 4...24 {
                for command in [
                    "layers --arch amd64 -o \"$2/new/image\" \"$1/whole.castore\"",
                    "restore --no-go --gocache \"$2/b\" --gomodcache \"$2/m\" \"$1/whole.castore\"",
                ] {
                    let place = try Scratch.shared.directory("few")
                    let outcome = try await workspace.shell(
                        "ulimit -n \(limit) && exec \"$CACHECTL\" \(command)",
                        [root, place]
                    )
                    #expect([0, 1].contains(outcome.status), "\(limit): \(outcome)")
                    guard outcome.status == 1 else { continue }
                    failures += 1
                    #expect(!FileManager.default.fileExists(atPath: "\(place)/new"), "\(limit): \(outcome)")
                    let found = try await workspace.shell("find \"$2\" -name '.castore-*'", [root, place])
                    #expect(found.output.isEmpty, "\(limit): \(outcome)")
                }
            }
            #expect(failures > 4)
        }

        @Test("ends the pack of a user who can't list the directories of a sealed cache, with the way out")
        func sealed() async throws {
            let (workspace, root, _) = try await Self.cache.value
            let place = try Scratch.shared.directory("sealed")
            let outcome = try await workspace.shell(
                """
                chmod 777 "$2" && "$CACHECTL" restore "$1/whole.castore" --no-go -q --gocache "$2/b" \
                    --no-gomodcache && cd "$2" && cp "$CACHECTL" "$2/cachectl" && \
                    exec setpriv --reuid 1000 --regid 1000 --clear-groups "$2/cachectl" \
                    pack --label x --no-go -q -o "$2/x.castore" --gocache "$2/b" --no-gomodcache
                """,
                [root, place]
            )
            EndToEnd.expectFailure(outcome, status: 1, naming: "\(place)/b/", "pack as the user who owns")
            #expect(!FileManager.default.fileExists(atPath: "\(place)/x.castore"))
        }

        @Test("ends the pack of a user who can't read one file of many")
        func unreadable() async throws {
            let (workspace, root, _) = try await Self.cache.value
            let place = try Scratch.shared.directory("unreadable")
            let outcome = try await workspace.shell(
                """
                cp -r "$1/build" "$2/b" && cp "$CACHECTL" "$2/cachectl" && chown -R 1000 "$2" && cd "$2" && \
                    file=$(ls "$2"/b/*/*-d | tail -1) && chmod 0 "$file" && \
                    exec setpriv --reuid 1000 --regid 1000 --clear-groups "$2/cachectl" \
                    pack --label x --no-go -q -o "$2/x.castore" --gocache "$2/b" --no-gomodcache
                """,
                [root, place]
            )
            EndToEnd.expectFailure(outcome, status: 1, naming: "-d`", "Permission denied")
        }

        @Test("ends every command within seconds where no thread can be made", arguments: [2, 3, 4])
        func threads(limit: Int) async throws {
            let (workspace, root, _) = try await Self.cache.value
            let place = try Scratch.shared.directory("threads")
            let user = 40_000 + Int(getpid()) % 10_000 * 4 + limit
            let outcome = try await workspace.shell(
                """
                chmod 777 "$2" && cp "$CACHECTL" "$2/cachectl" && cp "$1/whole.castore" "$2" && cd "$2" && \
                    exec setpriv --reuid \(user) --regid \(user) --clear-groups \
                    bash -c 'ulimit -u \(limit); timeout 20 ./cachectl verify whole.castore --jobs 8'
                """,
                [root, place]
            )
            // With two processes, timeout(1) itself can't start the command.
            #expect([1, 125].contains(outcome.status), "\(outcome)")
            if outcome.status == 1 {
                #expect(outcome.errors.contains("no thread left"), "\(outcome)")
                #expect(outcome.errors.contains("`--jobs`"), "\(outcome)")
            }
        }
    }
}
