import Foundation
import Testing

extension EndToEnd {
    @Suite("A place that can't be written to or read")
    struct Targets {
        private func files(_ place: String) throws -> [String] {
            try FileManager.default.subpathsOfDirectory(atPath: place).filter { path in
                let attributes = try FileManager.default.attributesOfItem(atPath: "\(place)/\(path)")
                return attributes[.type] as? FileAttributeType != .typeDirectory
            }
        }

        @Test("without room for a restore: status 1 before anything is written")
        func room() async throws {
            let workspace = try await Workspace.shared.value
            try await workspace.onFileSystem("size=8m") { place in
                let outcome = try await workspace.cachectl.run(
                    workspace.restoring(to: "\(place)/build", "\(place)/mod")
                )
                EndToEnd.expectFailure(outcome, status: 1, naming: "room", "MB", place, "hint: ")
                #expect(try files(place).isEmpty)
            }
        }

        @Test("that fills up during a restore: status 1, only whole files, and it goes on when there is room")
        func fills() async throws {
            let workspace = try await Workspace.shared.value
            try await workspace.onFileSystem("size=200m,nr_inodes=600") { place in
                let restoring = workspace.restoring(to: "\(place)/build", "\(place)/mod")
                let outcome = try await workspace.cachectl.run(restoring)
                EndToEnd.expectFailure(outcome, status: 1, naming: place, "hint: ")
                #expect(try await workspace.leftovers(place).isEmpty)
                #expect(try await workspace.faults("\(place)/build", "\(place)/mod").isEmpty)
                #expect(try files(place).count > 100)
                try await workspace.remount(place, "nr_inodes=9000")
                _ = try await workspace.cachectl.succeed(restoring)
                #expect(try await workspace.faults("\(place)/build", "\(place)/mod").isEmpty)
            }
        }

        @Test(
            "without room for an archive: status 1 and nothing left behind",
            arguments: ["pack", "union", "select"]
        )
        func archive(command: String) async throws {
            let workspace = try await Workspace.shared.value
            try await workspace.onFileSystem("size=2m") { place in
                let output = "\(place)/out.castore"
                let packing = workspace.packing(
                    "x",
                    from: workspace.rawBuildCache("gamma"),
                    workspace.rawModuleCache("gamma"),
                    to: output
                )
                var joining = [command, "-o", output] + Workspace.programs.map(workspace.pack)
                if command == "select" { joining += ["--level", "2"] }
                let outcome = try await workspace.cachectl.run(command == "pack" ? packing : joining)
                EndToEnd.expectFailure(outcome, status: 1, naming: place, "hint: ")
                #expect(try FileManager.default.contentsOfDirectory(atPath: place).isEmpty)
            }
        }

        @Test("with hardly more room than an archive takes: pack writes the same archive as elsewhere")
        func tightRoom() async throws {
            let workspace = try await Workspace.shared.value
            let (build, modules) = (workspace.rawBuildCache("gamma"), workspace.rawModuleCache("gamma"))
            let elsewhere = workspace.pack("elsewhere")
            _ = try await workspace.cachectl.succeed(
                workspace.packing("gamma", from: build, modules, to: elsewhere)
            )
            let size = try Data(contentsOf: URL(fileURLWithPath: elsewhere)).count
            try await workspace.onFileSystem("size=\(size + (1 << 20))") { place in
                let output = "\(place)/out.castore"
                _ = try await workspace.cachectl.succeed(
                    workspace.packing("gamma", from: build, modules, to: output)
                )
                #expect(try FileManager.default.contentsOfDirectory(atPath: place) == ["out.castore"])
                #expect(FileManager.default.contentsEqual(atPath: output, andPath: elsewhere))
            }
        }

        @Test("that is mounted read-only: status 1, with a hint", arguments: ["restore", "pack", "union"])
        func readOnly(command: String) async throws {
            let workspace = try await Workspace.shared.value
            try await workspace.onFileSystem("size=100m") { place in
                try await workspace.remount(place, "ro")
                let output = "\(place)/out.castore"
                let arguments =
                    switch command {
                    case "restore": workspace.restoring(to: "\(place)/build", "\(place)/mod")
                    case "pack":
                        workspace.packing(
                            "x",
                            from: workspace.rawBuildCache("gamma"),
                            workspace.rawModuleCache("gamma"),
                            to: output
                        )
                    default: ["union", workspace.union, "-o", output]
                    }
                let outcome = try await workspace.cachectl.run(arguments)
                EndToEnd.expectFailure(outcome, status: 1, naming: place, "hint: ")
            }
        }

        @Test("because it is a file: status 1", arguments: ["restore", "pack"])
        func file(command: String) async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("file")
            let file = "\(top)/file"
            try Data("x".utf8).write(to: URL(fileURLWithPath: file))
            let arguments =
                command == "restore"
                ? workspace.restoring(to: file, "\(top)/mod")
                : workspace.packing(
                    "x",
                    from: file,
                    workspace.rawModuleCache("gamma"),
                    to: "\(top)/out.castore"
                )
            let outcome = try await workspace.cachectl.run(arguments)
            EndToEnd.expectFailure(outcome, status: 1, naming: file)
            #expect(try files(top) == ["file"])
        }

        @Test("because it is not there, to pack from or an archive into: status 1 and nothing left behind")
        func missing() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("missing")
            let modules = workspace.rawModuleCache("gamma")
            for (build, output, culprit) in [
                ("\(top)/none", "\(top)/out.castore", "\(top)/none"),
                (workspace.rawBuildCache("gamma"), "\(top)/none/out.castore", "\(top)/none"),
            ] {
                let outcome = try await workspace.cachectl.run(
                    workspace.packing("x", from: build, modules, to: output)
                )
                EndToEnd.expectFailure(outcome, status: 1, naming: culprit)
                #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
            }
        }

        @Test(
            "because an archive is there already: status 1 with the way out, unless --force is given",
            arguments: ["pack", "union"]
        )
        func exists(command: String) async throws {
            let workspace = try await Workspace.shared.value
            let output = try Scratch.shared.place("there.castore")
            try Data("mine".utf8).write(to: URL(fileURLWithPath: output))
            let arguments =
                command == "union"
                ? ["union", workspace.union, "-o", output]
                : [
                    "pack", "--label", "x", "--no-go", "--no-gocache", "--gomodcache",
                    workspace.rawModuleCache("gamma"), "-o", output,
                ]
            let outcome = try await workspace.cachectl.run(arguments)
            EndToEnd.expectFailure(outcome, status: 1, naming: output, "exists", "--force")
            #expect(try String(contentsOfFile: output, encoding: .utf8) == "mine")
            _ = try await workspace.cachectl.succeed(arguments + ["--force"])
            _ = try await workspace.cachectl.succeed(["verify", output])
        }

        @Test("because Go fails, though the parent process ignores how its children end: status 1")
        func failingGo() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("failing")
            let outcome = try await workspace.shell(
                #"""
                printf '#!/bin/sh\necho "{}"; exit 3\n' >"$1/go" && chmod +x "$1/go" && \
                    exec env --ignore-signal=CHLD "$CACHECTL" \
                    pack --label x --go "$1/go" --no-gocache --gomodcache "$2" -o "$1/x.castore"
                """#,
                [top, workspace.rawModuleCache("gamma")]
            )
            EndToEnd.expectFailure(outcome, status: 1, naming: "\(top)/go", "3")
            #expect(!FileManager.default.fileExists(atPath: "\(top)/x.castore"))
        }

        @Test("because there is no Go to ask: status 1 with the way out")
        func noGo() async throws {
            let workspace = try await Workspace.shared.value
            let output = try Scratch.shared.place("out.castore")
            var cachectl = try workspace.cachectl
            cachectl.environment["PATH"] = "/nowhere"
            for arguments in [["pack", "--label", "x", "-o", output], ["restore", workspace.union]] {
                let outcome = try await cachectl.run(arguments)
                EndToEnd.expectFailure(outcome, status: 1, naming: "`go`", "hint: ")
            }
            let outcome = try await workspace.cachectl.run([
                "pack", "--label", "x", "-o", output, "--go", "/bin/false",
            ])
            EndToEnd.expectFailure(outcome, status: 1, naming: "/bin/false", "hint: ")
            #expect(!FileManager.default.fileExists(atPath: output))
        }

        @Test(
            "because no file stands under the output's name: status 1 or 64, and it stays, even with --force",
            arguments: [
                "mkfifo it", "mknod it c 1 3", "ln -s file it", "ln -s nothing it", "mkdir -p it/x",
                "ln -s . it",
            ]
        )
        func special(making: String) async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("special")
            let list = #"cd "$1" && stat -c '%n %F %i %s %Y' -- *"#
            try Data("mine".utf8).write(to: URL(fileURLWithPath: "\(top)/file"))
            let made = try await workspace.shell(#"cd "$1" && \#(making)"#, [top])
            try #require(made.status == 0, "\(made)")
            let before = try await workspace.shell(list, [top]).output
            let union = workspace.union
            for arguments in [
                ["union", union], ["difference", union, union], ["intersect", union, union],
                ["layers", union],
                [
                    "pack", "--label", "x", "--no-go", "--no-gocache", "--gomodcache",
                    workspace.rawModuleCache("gamma"),
                ],
            ] {
                let outcome = try await workspace.cachectl.run(arguments + ["-o", "\(top)/it", "--force"])
                #expect([1, 64].contains(outcome.status), "\(arguments[0]): \(outcome)")
                #expect(
                    outcome.errors.contains("`\(top)/it`") && outcome.errors.contains("hint: "),
                    "\(outcome)"
                )
                #expect(try await workspace.shell(list, [top]).output == before, "\(arguments[0])")
            }
        }

        @Test(
            "because a link stands where a directory should be: status 1, and nothing behind the link changes"
        )
        func link() async throws {
            let workspace = try await Workspace.shared.value
            let (top, victim) = try (Scratch.shared.directory("link"), Scratch.shared.directory("victim"))
            try FileManager.default.createDirectory(atPath: "\(top)/mod", withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: "\(top)/mod/example.com",
                withDestinationPath: victim
            )
            let outcome = try await workspace.cachectl.run(
                workspace.restoring(to: "\(top)/build", "\(top)/mod")
            )
            EndToEnd.expectFailure(outcome, status: 1, naming: "\(top)/mod/example.com", "link", "hint: ")
            #expect(try FileManager.default.contentsOfDirectory(atPath: victim).isEmpty)
        }
    }
}
