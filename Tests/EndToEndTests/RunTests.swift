import Foundation
import Testing

extension EndToEnd {
    @Suite("A command that is run with archives")
    struct Run {
        /// A job of one program, whose caches were packed, and a machine that has nothing but the archive.
        private struct Machine {
            let workspace: Workspace
            let archive: String
            /// The program that the job has built.
            let executable: Data
            /// The path of GOMODCACHE in the job, which is empty now.
            let jobModules: String
            /// Variables of the environment on the machine.
            var settings: [String: String]

            /// Runs `cachectl run` in the directory of the program.
            func run(_ arguments: [String], go: String? = nil) async throws -> Program.Outcome {
                var cachectl = try workspace.cachectl
                cachectl.directory = "\(workspace.root)/programs/gamma"
                cachectl.environment.merge(settings) { $1 }
                return try await cachectl.run(["run", "--go", go ?? workspace.go] + arguments)
            }

            /// Builds the program with `-x`, and returns it and the number of compilations.
            func build(_ archives: [String]) async throws -> (Data, Int, Program.Outcome) {
                let path = try Scratch.shared.place("gamma")
                let outcome = try await run(
                    archives + ["--", workspace.go, "build", "-x", "-buildvcs=false", "-o", path, "."]
                )
                #expect(outcome.status == 0, "\(outcome)")
                let compiles = outcome.errors.split(separator: "\n").filter { $0.contains("/compile -o ") }
                return (try Data(contentsOf: URL(fileURLWithPath: path)), compiles.count, outcome)
            }
        }

        /// Builds and packs a program with `-trimpath`, so that the path of GOMODCACHE is in no key.
        private func machine(go: String? = nil, flags options: String = "-trimpath") async throws -> Machine {
            let workspace = try await Workspace.shared.value
            let (build, modules) = (try Scratch.shared.place("build"), try Scratch.shared.place("modules"))
            let (archive, executable) = (
                try Scratch.shared.place("job.castore"), try Scratch.shared.place("x")
            )
            let flags = ["GOFLAGS": options, "GOCACHE": build, "GOMODCACHE": modules]
            var job = workspace.goCommand(in: "gamma")
            job.environment.merge(flags) { $1 }
            _ = try await job.succeed(["build", "-buildvcs=false", "-o", executable, "."])
            var cachectl = try workspace.cachectl
            cachectl.environment.merge(flags) { $1 }
            _ = try await cachectl.succeed(
                workspace.packing("job", from: build, modules, to: archive, go: go)
            )
            _ = try await workspace.shell(#"chmod -R u+w "$1"; rm -r "$1""#, [modules])
            let settings = [
                "GOCACHE": try Scratch.shared.place("cache"), "GOPROXY": "off",
                "HOME": try Scratch.shared.directory("home"),
            ]
            return Machine(
                workspace: workspace,
                archive: archive,
                executable: try Data(contentsOf: URL(fileURLWithPath: executable)),
                jobModules: modules,
                settings: settings
            )
        }

        @Test("builds what the job built, compiles nothing, and needs the archive's content only once")
        func builds() async throws {
            var machine = try await machine()
            machine.settings["GOMODCACHE"] = try Scratch.shared.place("own")
            let first = try await machine.build([machine.archive])
            #expect(first.0 == machine.executable)
            #expect(first.1 == 0, "\(first.2)")
            #expect(first.2.errors.contains("modules restored"), "\(first.2)")
            #expect(first.2.errors.contains("GOFLAGS=-trimpath"), "\(first.2)")

            // An archive is read from its end, so its index is still there.
            _ = try await machine.workspace.shell(
                #"dd if=/dev/zero of="$1" bs=4096 seek=1 count=100 conv=notrunc 2>&1"#,
                [machine.archive]
            )
            let second = try await machine.build([machine.archive])
            #expect(second.0 == machine.executable)
            #expect(second.1 == 0, "\(second.2)")
            #expect(second.2.errors.contains("0 modules restored"), "\(second.2)")
            #expect(!second.2.errors.contains("warning:"), "\(second.2)")
        }

        @Test("gets GOMODCACHE and GOFLAGS of the jobs and GOCACHEPROG, unless they are set")
        func variables() async throws {
            var machine = try await machine(flags: "-buildvcs=false")
            let show = ["--", "/bin/sh", "-c", #"echo "$GOMODCACHE|$GOFLAGS|$GOCACHEPROG""#]
            var values = try await machine.run([machine.archive] + show).lines.first?.split(separator: "|")
            #expect(values?.first.map(String.init) == machine.jobModules)
            #expect(values?.dropFirst().first == "-buildvcs=false")
            #expect(values?.last?.hasSuffix(" prog \(machine.archive)") == true)
            #expect(FileManager.default.fileExists(atPath: "\(machine.jobModules)/cache/download"))

            machine.settings["GOMODCACHE"] = try Scratch.shared.place("own")
            machine.settings["GOFLAGS"] = "-mod=mod"
            machine.settings["GOCACHEPROG"] = "other program"
            let others = try await machine.run([machine.archive, "true"])
            #expect(others.errors.contains("GOCACHEPROG"), "\(others)")
            values = try await machine.run([machine.archive] + show).lines.first?.split(separator: "|")
            let own = try #require(machine.settings["GOMODCACHE"])
            #expect(
                values.map { $0.map(String.init) } == [own, "-mod=mod", "other program"]
            )
        }

        @Test("ends with its own status, also where a signal ends it or it can't be started")
        func statuses() async throws {
            let machine = try await machine()
            for (command, status) in [
                (["true"], 0), (["/bin/sh", "-c", "exit 7"], 7), (["/bin/sh", "-c", "kill -TERM $$"], 143),
                (["no-such-program"], 127), ([machine.archive], 126),
            ] {
                for dashes in [[], ["--"]] {
                    let outcome = try await machine.run(["--quiet", machine.archive] + dashes + command)
                    #expect(outcome.status == status, "\(command) \(outcome)")
                }
            }
            for help in ["--help", "-h"] {
                #expect(try await machine.run([help]).output.contains("USAGE: cachectl run"))
            }
            let flag = ["--", "--strict", "true"]
            for wrong in [
                [], ["--"], [machine.archive], [machine.archive, "--"], ["--", "true"], ["go", "x"],
            ]
                + [[machine.archive] + flag, [machine.archive, "--strict", "true"]]
            {
                #expect(try await machine.run(wrong).status == 64, "\(wrong)")
            }
        }

        @Test("runs without an archive that can't be read, after one warning, and with --strict not at all")
        func missing() async throws {
            let machine = try await machine()
            let build = try await machine.build(["/no/such.castore", machine.archive])
            #expect(build.0 == machine.executable)
            #expect(build.1 == 0)
            #expect(build.2.errors.components(separatedBy: "warning:").count == 2, "\(build.2)")
            let outcome = try await machine.run(
                ["--strict", "/no/such.castore", machine.archive, "--", "echo", "ran"]
            )
            EndToEnd.expectFailure(outcome, status: 1, naming: "/no/such.castore")
            #expect(outcome.output.isEmpty)
        }

        @Test("does not run if a module of the archive is not the one that go.sum names")
        func wrongSum() async throws {
            var machine = try await machine()
            let copy = try Scratch.shared.place("checkout")
            let source = "\(machine.workspace.root)/programs/gamma"
            try FileManager.default.copyItem(atPath: source, toPath: copy)
            let sums = try String(contentsOfFile: "\(copy)/go.sum", encoding: .utf8)
            let line = try #require(sums.split(separator: "\n").first { $0.contains("example.com/lib") })
            let start = try #require(line.range(of: "h1:")).upperBound
            let wrong = line[..<start] + String(line[start...].reversed().drop { $0 == "=" }) + "="
            try sums.replacingOccurrences(of: line, with: wrong)
                .write(toFile: "\(copy)/go.sum", atomically: false, encoding: .utf8)
            machine.settings["GOMODCACHE"] = try Scratch.shared.place("own")
            var cachectl = try machine.workspace.cachectl
            cachectl.directory = copy
            cachectl.environment.merge(machine.settings) { $1 }
            let outcome = try await cachectl.run(
                ["run", "--go", machine.workspace.go, machine.archive, "--", "echo", "ran"]
            )
            EndToEnd.expectFailure(outcome, status: 2, naming: machine.archive)
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.contains("go.sum"), "\(outcome)")
        }

        @Test("of a Go that asks no program has the entries of its own release restored")
        func oldGo() async throws {
            let workspace = try await Workspace.shared.value
            let old = try workspace.goScript(#""$GO" "$@" | sed 's/go1\.25\.[0-9]*/go1.23.9/'"#)
            let machine = try await machine(go: old)
            let show = ["--", "/bin/sh", "-c", #"echo "program $GOCACHEPROG"; ls "$GOCACHE"/*/*-a | wc -l"#]
            let outcome = try await machine.run([machine.archive] + show, go: old)
            #expect(outcome.lines.first == "program ", "\(outcome)")
            #expect(try #require(Int(outcome.lines.last ?? "")) > 50, "\(outcome)")
            // Entries of another release would be of no use.
            let other = try workspace.goScript(#""$GO" "$@" | sed 's/go1\.25\.[0-9]*/go1.22.1/'"#)
            var next = machine
            next.settings["GOCACHE"] = try Scratch.shared.directory("empty")
            let none = try await next.run(
                [machine.archive, "--", "ls", next.settings["GOCACHE"] ?? ""],
                go: other
            )
            #expect(none.status == 0 && none.output.isEmpty, "\(none)")
        }
    }
}
