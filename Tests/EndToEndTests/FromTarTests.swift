import Foundation
import Testing

extension EndToEnd {
    @Suite("A tar of caches is packed without being unpacked")
    struct FromTar {
        /// The caches of the workspace, a union restored to the place where Go built, and their pack.
        private struct Place {
            let workspace: Workspace
            let top: String
            let archive: String

            init(_ name: String) async throws {
                workspace = try await Workspace.shared.value
                top = try Scratch.shared.directory(name)
                archive = "\(top)/directories.castore"
                _ = try await cachectl.succeed(
                    ["pack", "--label", "x", "-o", archive, "--go", workspace.go, "--gocache"]
                        + [workspace.buildCache, "--gomodcache", workspace.moduleCache]
                )
            }

            /// Returns `cachectl`, with a Go that states the GOMODCACHE of the workspace, or another one.
            func cachectl(stating moduleCache: String) throws -> Program {
                var program = try workspace.cachectl
                program.environment["GOMODCACHE"] = moduleCache
                return program
            }

            var cachectl: Program { get throws { try cachectl(stating: workspace.moduleCache) } }

            /// Packs a tar, and returns whether the archive is that of the directories.
            func isSame(_ tar: String, stating moduleCache: String? = nil, _ more: [String] = []) async throws
                -> Bool
            {
                let output = "\(top)/tar.castore"
                let program = try cachectl(stating: moduleCache ?? workspace.moduleCache)
                let arguments = ["pack", "--label", "x", "-o", output, "--force", "--go", workspace.go]
                _ = try await program.succeed(arguments + ["--from-tar", tar] + more)
                return FileManager.default.contentsEqual(atPath: archive, andPath: output)
            }

            /// Makes a tar by a line of the shell, which runs above both caches, with `$1` for the tar.
            func make(_ line: String) async throws -> String {
                let tar = "\(top)/caches"
                let outcome = try await workspace.shell(
                    "cd \"$2\" && rm -f \"$1\" && \(line)",
                    [tar, "\(workspace.root)/go"]
                )
                #expect(outcome.status == 0, "\(outcome)")
                return tar
            }
        }

        @Test("a TMPDIR that is not there is named as such, and an archive as an archive")
        func misnamed() async throws {
            let place = try await Place("from-tar-misnamed")
            var program = try place.cachectl
            program.environment["TMPDIR"] = "/nowhere"
            let arguments = ["pack", "--label", "x", "--no-go", "--dry-run", "--from-tar"]
            let outcome = try await program.run(arguments + [place.archive])
            EndToEnd.expectFailure(outcome, status: 1, naming: "/nowhere", "TMPDIR")
            #expect(!outcome.errors.contains("output"), "\(outcome)")
            let preview = try await program.run(["select", "--exclude", "x/*", place.archive, "--dry-run"])
            EndToEnd.expectFailure(preview, status: 1, naming: "/nowhere", "TMPDIR")
            let archive = try await place.cachectl.run(arguments + [place.archive])
            EndToEnd.expectFailure(archive, status: 2, naming: "an archive", "cachectl restore")
        }

        @Test("the archive is that of the directories, whatever tar, format, compression and paths")
        func law() async throws {
            let place = try await Place("from-tar")
            let lines = [
                "tar --format=gnu -cf $1 ./build ./mod", "tar --format=ustar -cf $1 build mod",
                "tar --posix -P -cf - ../go/build ../go/mod | zstd -q --long=30 >$1",
                "tar -P -cf - \"$PWD/build\" \"$PWD/mod\" | gzip -1 >$1",
                "tar -cf - \"$PWD/build\" \"$PWD/mod\" 2>/dev/null | zstd -q -1 >$1",
            ]
            for line in lines {
                let tar = try await place.make(line)
                #expect(try await place.isSame(tar), "\(line)")
            }
            let tar = "\(place.top)/python.tar"
            let script = """
                import sys, tarfile
                with tarfile.open(sys.argv[1], 'w:gz') as tar:
                    for name in ('build', 'mod'):
                        tar.add(sys.argv[2] + '/' + name, arcname='a/' + name)
                """
            let python = Program(path: try Tools.python(), environment: [:], directory: place.top)
            _ = try await python.succeed(["-c", script, tar, "\(place.workspace.root)/go"])
            // No path that Go states ends with `a/mod`, so compiled packages tell it.
            #expect(try await place.isSame(tar))
        }

        @Test("bsdtar's archives, too")
        func libarchive() async throws {
            let place = try await Place("bsdtar")
            for format in ["pax", "ustar", "gnutar"] {
                let tar = try await place.make("bsdtar --format \(format) -czf $1 build mod")
                #expect(try await place.isSame(tar), "\(format)")
            }
        }

        @Test("a tar may come from a pipe, and GOMODCACHE be found by the packages that were compiled")
        func pipe() async throws {
            let place = try await Place("tar-pipe")
            let tar = try await place.make("tar -cf $1 build mod")
            // This GOMODCACHE does not end with `mod`.
            #expect(try await place.isSame(tar, stating: "\(place.top)/elsewhere"))
            let outcome = try await place.workspace.shell(
                "export GOMODCACHE=\"$3\"; cat \"$1\" | "
                    + "$CACHECTL pack --label x --go \"$4\" -o \"$2\" --from-tar - --json",
                [tar, "\(place.top)/piped", place.workspace.moduleCache, place.workspace.go]
            )
            #expect(outcome.status == 0, "\(outcome)")
            let places = try EndToEnd.object(outcome.output)["tar"] as? [String: Any]
            #expect(places?["gocache"] as? String == "build" && places?["gomodcache"] as? String == "mod")
            #expect(
                FileManager.default.contentsEqual(atPath: place.archive, andPath: "\(place.top)/piped")
            )
        }

        @Test("a tar that is cut short anywhere, or followed by more, is refused and nothing is written")
        func truncated() async throws {
            let place = try await Place("tar-cut")
            let output = "\(place.top)/out"
            for compression in ["cat", "gzip -1", "zstd -q -1"] {
                let tar = try await place.make("tar -cf - build mod | \(compression) >$1")
                let whole = try Data(contentsOf: URL(fileURLWithPath: tar))
                // The last cut takes no more than a part of the end of the tar, or of the checksum.
                let blocks = whole.count / 512 * 512
                let cuts = [whole.count / 3, whole.count / 2, blocks / 2 / 512 * 512]
                let last = compression == "cat" ? try Self.membersEnd(whole) : whole.count - 1
                for count in cuts + [last] {
                    try whole.prefix(count).write(to: URL(fileURLWithPath: tar))
                    let outcome = try await place.cachectl.run([
                        "pack", "--label", "x", "-o", output, "--no-go", "--from-tar", tar,
                    ])
                    EndToEnd.expectFailure(outcome, status: 2, naming: tar, "hint: ", "cut short")
                }
                try (whole + Data(repeating: 7, count: 999)).write(to: URL(fileURLWithPath: tar))
                let outcome = try await place.cachectl.run([
                    "pack", "--label", "x", "-o", output, "--no-go", "--from-tar", tar,
                ])
                EndToEnd.expectFailure(outcome, status: 2, naming: tar, "hint: ")
                #expect(!FileManager.default.fileExists(atPath: output))
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: place.top)
            #expect(Set(names) == ["caches", "directories.castore"])
        }

        /// Returns the length of a plain tar without the zeros at its end.
        private static func membersEnd(_ tar: Data) throws -> Int {
            let last = try #require(tar.lastIndex { $0 != 0 })
            return (last / 512 + 1) * 512
        }

        @Test("what is no tar of caches is refused with what to do")
        func refusals() async throws {
            let place = try await Place("no-tar")
            let (top, output) = (place.top, "\(place.top)/out")
            func fails(_ tar: String, _ more: [String] = [], status: Int, _ words: String...) async throws {
                let outcome = try await place.cachectl.run(
                    ["pack", "--label", "x", "-o", output, "--no-go", "--from-tar", tar] + more
                )
                EndToEnd.expectFailure(outcome, status: status)
                for word in words { #expect(outcome.errors.contains(word), "\(outcome)") }
                #expect(!FileManager.default.fileExists(atPath: output))
            }
            func write(_ bytes: [UInt8]) throws -> String {
                try Data(bytes).write(to: URL(fileURLWithPath: "\(top)/file"))
                return "\(top)/file"
            }
            try await fails("\(top)/none", status: 1, "\(top)/none")
            try await fails(top, status: 64, "a directory")
            try await fails(write([]), status: 2, "empty")
            try await fails(
                write(Array("PK\u{3}\u{4}".utf8) + [UInt8](repeating: 1, count: 999)),
                status: 2,
                "zip"
            )
            try await fails(write(Array("text\n".utf8)), status: 2, "no tar")
            try await fails(write([UInt8](repeating: 0, count: 10240)), status: 1, "no directory", "GOCACHE")
            try await fails(place.archive, status: 2, "no tar")
            let tar = try await place.make(
                "mkdir -p again && cp -a build again/b && tar -cf $1 build mod again"
            )
            try await fails(tar, status: 64, "`again/b`, `build`", "--gocache")
            try await fails(tar, ["--gocache", "buidl"], status: 1, "`again/b`, `build`", "buidl")
            try await fails(tar, ["--gocache", "mod"], status: 64, "`mod` in the tar is no GOCACHE")
            try await fails(tar, ["--used"], status: 64, "--used")
            #expect(try await place.isSame(tar, ["--gocache", "./build/"]))
            _ = try await place.make("rm -r again; touch $1")
        }
    }
}
