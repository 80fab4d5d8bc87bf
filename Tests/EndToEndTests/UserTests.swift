import Foundation
import Testing

extension EndToEnd {
    @Suite("Another user than the one who restored")
    struct Users {
        /// Runs a line of the shell, `$1`, as another user, who can read and search everything, but write
        /// only what everybody may.
        private static let asUser =
            "exec setpriv --reuid 4321 --regid 4321 --clear-groups --inh-caps=-all,+dac_read_search "
            + #"--ambient-caps=-all,+dac_read_search sh -c "$1""#

        /// Restores the caches of the smallest program, and returns an environment for another user's Go.
        private func restored(_ profile: String) async throws -> (top: String, settings: String) {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("user")
            _ = try await workspace.cachectl.succeed(
                workspace.restoring(workspace.pack("gamma"), to: "\(top)/build", "\(top)/mod")
                    + ["--no-go", "--profile", profile]
            )
            let own = try await workspace.shell(
                #"mkdir "$1/home" && cp -R "$2/programs" "$1/home" && chown -R 4321:4321 "$1/home""#,
                [top, workspace.root]
            )
            #expect(own.status == 0, "these tests change owners, which only root may: \(own)")
            let variables = [
                "HOME": "\(top)/home", "TMPDIR": "\(top)/home", "GOPATH": "\(top)/home/go",
                "GOCACHE": "\(top)/build", "GOMODCACHE": "\(top)/mod", "GOFLAGS": "-mod=mod",
                "GOPROXY": "file://\(workspace.root)/proxy", "GO": workspace.go,
            ]
            return (top, variables.map { "export \($0)='\($1)';" }.sorted().joined(separator: " "))
        }

        private func run(
            _ line: String,
            in directory: String,
            _ settings: String
        ) async throws -> Program.Outcome {
            let workspace = try await Workspace.shared.value
            return try await workspace.shell(Self.asUser, ["\(settings) cd '\(directory)' && \(line)"])
        }

        @Test("adds modules, versions and zips to a restored cache, and changes none of its trees")
        func adds() async throws {
            let (top, settings) = try await restored("image")
            let workspace = try await Workspace.shared.value
            for program in Workspace.programs {
                for line in [
                    #""$GO" build -o /dev/null ."#, #""$GO" mod download"#, #""$GO" mod verify"#,
                    #""$GO" mod tidy"#,
                ] {
                    let outcome = try await run(line, in: "\(top)/home/programs/\(program)", settings)
                    #expect(outcome.status == 0, "\(program): \(line): \(outcome)")
                    #expect(!outcome.errors.contains("denied"), "\(program): \(line): \(outcome)")
                }
            }
            let added = try await workspace.shell(#"find "$1/mod" -user 4321 -name '*.mod'"#, [top])
            #expect(added.lines.count > 1, "\(added)")
        }

        @Test("fuzzes and forgets test results in a restored cache")
        func fuzzes() async throws {
            let (top, settings) = try await restored("image")
            let directory = "\(top)/home/programs/gamma"
            let test =
                "package main\nimport \"testing\"\n"
                + "func FuzzIt(f *testing.F) { f.Fuzz(func(t *testing.T, n int) {}) }\n"
            try test.write(toFile: "\(directory)/fuzz_test.go", atomically: false, encoding: .utf8)
            for line in [#""$GO" test -fuzz FuzzIt -fuzztime 1x ."#, #""$GO" clean -testcache"#] {
                let outcome = try await run(line, in: directory, settings)
                #expect(outcome.status == 0, "\(line): \(outcome)")
            }
            #expect(FileManager.default.fileExists(atPath: "\(top)/build/testexpire.txt"))
        }

        @Test("adds nothing with the profile for the user that restores")
        func ci() async throws {
            let (top, settings) = try await restored("ci")
            let outcome = try await run(
                #""$GO" build -o /dev/null ."#,
                in: "\(top)/home/programs/alpha",
                settings
            )
            #expect(outcome.status != 0 && outcome.errors.contains("permission denied"), "\(outcome)")
        }

        @Test("builds and packs what it used with entries that it can't mark, and is told of it")
        func unmarkable() async throws {
            let (top, shared) = try await restored("ci")
            let workspace = try await Workspace.shared.value
            let build = "\(top)/build"
            // The directories are that user's own, as in a cache that was there before the restore.
            let change = try await workspace.shell(#"chown 4321 "$1" "$1"/??"#, [build])
            #expect(change.status == 0, "\(change)")
            let modules = workspace.moduleCache
            let settings = shared + " export GOMODCACHE='\(modules)' GOFLAGS= CGO_ENABLED=0;"
            let program = "\(top)/home/programs/gamma"
            let line = #""$GO" build -x -buildvcs=false -o /dev/null ."#
            let built = try await run(line, in: program, settings)
            #expect(built.status == 0, "\(built)")
            let cachectl = try Tools.cachectl()
            let packing =
                "'\(cachectl)' pack --label user --gocache '\(build)' --gomodcache '\(modules)' --used --json"
                + " --go '\(workspace.go)' --checkout '\(program)' --force -o '\(top)/home/used.castore'"
            // The user who built packs, and then the superuser.
            let own = try await run(packing, in: program, settings)
            let others = try await workspace.shell("\(settings) cd '\(program)' && \(packing)")
            for packed in [own, others] {
                #expect(packed.status == 0, "\(packed)")
                #expect(packed.errors.contains("to user 0, so Go can't mark"), "\(packed)")
                #expect(packed.errors.contains("restore as the user who builds"), "\(packed)")
                #expect(try EndToEnd.object(packed.output)["unused"] as? Int == 0)
            }
            let next = "\(top)/home/next"
            let again = try await run(
                "'\(cachectl)' restore used.castore --profile ci --gocache '\(next)' --no-gomodcache --no-go",
                in: "\(top)/home",
                settings
            )
            #expect(again.status == 0, "\(again)")
            let hits = try await run(line, in: program, settings + " export GOCACHE='\(next)';")
            #expect(hits.status == 0 && !hits.errors.contains("/compile -o "), "\(hits)")
            // Now that the user restores as well, what was used has marks.
            let quiet = try await run(
                packing.replacingOccurrences(of: "--gocache '\(build)'", with: "--gocache '\(next)'"),
                in: program,
                settings
            )
            #expect(quiet.status == 0 && !quiet.errors.contains("warning: "), "\(quiet)")
        }

        /// A GOCACHE as another user finds it.
        struct Found: Sendable, CustomTestStringConvertible {
            var profile: String
            /// A line of the shell that changes the cache, `$1`, before the other user comes.
            var change = ":"
            var settings: [String: String] = [:]
            /// Words that the doctor says, or `nil` if GOCACHE is right.
            var words: String?
            /// Whether a build works.
            var builds = true

            var testDescription: String { "\(profile) \(change) \(settings)" }
        }

        @Test(
            "is told by the doctor what follows from a GOCACHE that only its owner can write to",
            arguments: [
                Found(profile: "image"),
                Found(profile: "ci", words: "can't store the index", builds: false),
                Found(
                    profile: "ci",
                    settings: ["GODEBUG": "goindex=0"],
                    words: "compiled again in every build"
                ),
                Found(
                    profile: "ci",
                    change: #"rm "$1/trim.txt""#,
                    settings: ["GODEBUG": "goindex=0"],
                    words: "rewrite `trim.txt`",
                    builds: false
                ),
                Found(
                    profile: "ci",
                    change: #"rm -r "$1/7f""#,
                    settings: ["GODEBUG": "goindex=0"],
                    words: "directories `00` to `ff` are missing",
                    builds: false
                ),
                Found(
                    profile: "ci",
                    change: #"rm -r "$1""#,
                    words: "can't make the build cache",
                    builds: false
                ),
                Found(
                    profile: "ci",
                    change: #"rm -r "$1" && touch "$1""#,
                    words: "something other than a directory",
                    builds: false
                ),
                Found(profile: "readonly", words: "can't store the index", builds: false),
                Found(profile: "readonly", settings: ["GODEBUG": "gctrace=0,goindex=0"]),
            ]
        )
        func buildCache(_ found: Found) async throws {
            let workspace = try await Workspace.shared.value
            let (top, shared) = try await restored(found.profile)
            let change = try await workspace.shell(found.change, ["\(top)/build"])
            #expect(change.status == 0, "\(change)")
            let settings =
                shared + found.settings.map { " export \($0)='\($1)';" }.joined() + " export GOFLAGS=;"
            let cachectl = try Tools.cachectl()
            let doctor = try await run(
                #"'\#(cachectl)' doctor '\#(workspace.pack("gamma"))' --go "$GO""#,
                in: top,
                settings
            )
            #expect(doctor.errors.isEmpty, "\(doctor)")
            let said = doctor.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            if let words = found.words {
                #expect(said.contains(words), "\(doctor)")
            } else {
                #expect(!said.contains("GOCACHE:"), "\(doctor)")
            }
            #expect(said.contains("everything will be compiled again") == !found.builds, "\(doctor)")
            let build = try await run(
                #""$GO" build -o /dev/null ."#,
                in: "\(top)/home/programs/gamma",
                settings
            )
            #expect((build.status == 0) == found.builds, "\(build)")
        }

        @Test("restores over a cache that is not that user's own, and leaves the modes there")
        func again() async throws {
            let (top, settings) = try await restored("image")
            let workspace = try await Workspace.shared.value
            let cachectl = try Tools.cachectl()
            for archive in [workspace.pack("gamma"), workspace.pack("beta")] {
                let line =
                    #"umask 077; '\#(cachectl)' restore '\#(archive)' --no-gocache --no-go "#
                    + #"--gomodcache "$GOMODCACHE" --json"#
                let outcome = try await run(line, in: top, settings)
                #expect(outcome.status == 0, "\(outcome)")
            }
            let closed = try await workspace.shell(
                #"cd "$1/mod" && find . -name '*@v[0-9]*' -prune -o -type d ! -perm 777 -print"#,
                [top]
            )
            #expect(closed.lines.isEmpty, "\(closed)")
        }
    }
}
