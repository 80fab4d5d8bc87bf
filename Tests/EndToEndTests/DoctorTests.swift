import Foundation
import Testing

extension EndToEnd {
    @Suite("The doctor")
    struct DoctorSuite {
        /// A question to the doctor, with the settings that differ from those of the jobs.
        private struct Question {
            var archive: String?
            var settings: [String: String] = [:]
            var options: [String] = []
            var packages = true
            /// The directory of the packages and the Go command, if they are not those of the jobs.
            var directory: String?
            var go: String?
        }

        /// Asks the doctor about the program gamma, and returns its exit status and its report.
        private func ask(_ question: Question) async throws -> (status: Int, report: [String: Any]) {
            let workspace = try await Workspace.shared.value
            var cachectl = try workspace.cachectl
            let temporary = try Scratch.shared.directory("doctor")
            cachectl.environment["TMPDIR"] = temporary
            cachectl.environment["GOCACHE"] = "\(temporary)/never-used"
            cachectl.environment["GOMODCACHE"] = workspace.moduleCache
            cachectl.environment["GOPROXY"] = "file://\(workspace.root)/proxy"
            cachectl.environment.merge(question.settings) { $1 }
            // Without this flag, Go would look for a repository above TMPDIR.
            cachectl.environment["GOFLAGS", default: ""] += " -buildvcs=false"
            let (archive, go) = (question.archive ?? workspace.union, question.go ?? workspace.go)
            let packages = ["--packages", question.directory ?? "\(workspace.root)/programs/gamma", "."]
            let options = (question.packages ? packages : []) + question.options
            let outcome = try await cachectl.run(["doctor", archive, "--go", go, "--json"] + options)
            #expect(outcome.errors.isEmpty, "\(outcome)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: temporary) == [])
            return (outcome.status, try EndToEnd.object(outcome.output))
        }

        private func packages(_ report: [String: Any]) throws -> (
            range: ClosedRange<Int>, missing: [[String: Any]]
        ) {
            let packages = try #require(report["packages"] as? [String: Any])
            let least = try #require(packages["compiles_at_least"] as? Int)
            let most = try #require(packages["compiles_at_most"] as? Int)
            return (least...most, try #require(packages["missing"] as? [[String: Any]]))
        }

        private func codes(_ report: [String: Any]) throws -> [String] {
            try #require(report["findings"] as? [[String: Any]]).compactMap { $0["code"] as? String }
        }

        /// Restores an archive, builds gamma with the restored cache, and returns the number of compiles.
        private func compiles(_ archive: String? = nil, _ settings: [String: String] = [:]) async throws
            -> Int
        {
            let workspace = try await Workspace.shared.value
            let build = try Scratch.shared.place("doctor-build")
            _ = try await workspace.cachectl.succeed(
                ["restore", archive ?? workspace.union, "--no-gomodcache", "--no-go", "--gocache", build]
            )
            defer { try? FileManager.default.removeItem(atPath: build) }
            return try await workspace.build(
                "gamma",
                proxy: "off",
                settings: settings.merging(["GOCACHE": build]) { $1 }
            ).compiles
        }

        @Test(
            "says that builds miss where Go looks into no build cache or asks a program",
            arguments: [
                ["GOCACHEPROG": "/bin/cat"], ["GOCACHE": "off"], ["GOCACHE": "relative"],
            ]
        )
        func noBuildCache(settings: [String: String]) async throws {
            for packages in [false, true] {
                let (status, report) = try await ask(Question(settings: settings, packages: packages))
                #expect(status == 1)
                #expect(report["prediction"] as? String == "nothingHits")
                #expect(try codes(report).contains("buildCache"))
            }
        }

        @Test("says that all will hit, with status 0, where builds compile nothing")
        func hits() async throws {
            let (status, report) = try await ask(Question())
            #expect(status == 0)
            #expect(report["prediction"] as? String == "hits")
            #expect(try packages(report).range == 0...0)
            // What Go has proved is not doubted.
            #expect(try !codes(report).contains("checkoutPath"))
            #expect(try await compiles() == 0)
        }

        @Test(
            "counts as many compiles as there will be where a setting differs",
            arguments: [
                (["GOAMD64": "v3"], "GOAMD64", "nothingHits"),
                (["GOFLAGS": "-trimpath"], "GOFLAGS -trimpath", "nothingHits"),
                (["GOFLAGS": "-tags=none"], "GOFLAGS -tags", "someMiss"),
                (["GOFLAGS": "-mod=mod"], "", "hits"),
            ]
        )
        func settings(settings: [String: String], setting: String, prediction: String) async throws {
            let (status, report) = try await ask(Question(settings: settings))
            #expect(report["prediction"] as? String == prediction)
            #expect(status == (prediction == "hits" ? 0 : 1))
            let (range, missing) = try packages(report)
            let real = try await compiles(nil, settings)
            #expect(range == real...real)
            #expect(missing.count == real)
            #expect(missing.allSatisfy { $0["setting"] as? String == setting })
        }

        @Test(
            "is not misled by settings that change what Go's own commands print or do",
            arguments: [
                ["GOFLAGS": "-json -x -n -v -w -u -e -test -count=1 -work -o=/nowhere"],
                ["GODEBUG": "gocachehash=1,inittrace=1,gctrace=1"],
                ["GOFLAGS": "-toolexec=/usr/bin/env -mod=mod", "GOTRACEBACK": "crash", "GOWORK": "off"],
            ]
        )
        func surroundings(settings: [String: String]) async throws {
            let (status, report) = try await ask(Question(settings: settings))
            #expect(status == 0)
            #expect(report["prediction"] as? String == "hits")
            #expect(try packages(report).range == 0...0)
        }

        @Test("knows that no build works with a value of GOFLAGS that Go can't read, and says Go's reason")
        func unreadableFlags() async throws {
            let (status, report) = try await ask(Question(settings: ["GOFLAGS": "-no-such-flag"]))
            #expect(status == 1)
            let findings = try #require(report["findings"] as? [[String: Any]])
            let finding = try #require(findings.first { $0["code"] as? String == "brokenPackages" })
            #expect((finding["loss"] as? String)?.contains("unknown flag -no-such-flag") == true)
        }

        @Test("records the GOFLAGS that builds take, from the environment or from the file of `go env -w`")
        func recordedFlags() async throws {
            let workspace = try await Workspace.shared.value
            let flags = "-ldflags=-s -w -json"
            let file = try Scratch.shared.place("goenv")
            try "GOFLAGS=\(flags)\n".write(toFile: file, atomically: false, encoding: .utf8)
            for settings in [["GOFLAGS": flags], ["GOFLAGS": "", "GOENV": file]] {
                var cachectl = try workspace.cachectl
                cachectl.environment.merge(settings) { $1 }
                let packed = try await cachectl.succeed(
                    workspace.packing(
                        "flags",
                        from: workspace.buildCache,
                        workspace.moduleCache,
                        to: Scratch.shared.place("flags.castore")
                    ) + ["--json"]
                )
                let environment = try EndToEnd.object(packed.output)["environment"] as? [String: String]
                #expect(environment?["GOFLAGS"] == flags)
            }
        }

        @Test("names the place of the checkout as the cause where it has moved, and counts the compiles")
        func movedCheckout() async throws {
            let workspace = try await Workspace.shared.value
            let place = try Scratch.shared.place("moved")
            try FileManager.default.copyItem(atPath: "\(workspace.root)/programs/gamma", toPath: place)
            let (status, report) = try await ask(Question(directory: place))
            #expect(status == 1)
            let findings = try #require(report["findings"] as? [[String: Any]])
            let finding = try #require(findings.first { $0["code"] as? String == "checkoutPath" })
            #expect(finding["severity"] as? String == "someMiss")
            #expect(finding["here"] as? String == place)
            let places = (finding["recorded"] as? [[String: Any]])?.compactMap { $0["value"] as? String }
            #expect(places?.contains("\(workspace.root)/programs/gamma") == true)
            let (range, missing) = try packages(report)
            #expect(missing.allSatisfy { $0["setting"] as? String == "checkout path" })

            let build = try Scratch.shared.place("moved-build")
            _ = try await workspace.cachectl.succeed(
                ["restore", workspace.union, "--no-gomodcache", "--no-go", "--gocache", build]
            )
            var go = workspace.goCommand(in: "gamma", proxy: "off")
            go.environment["GOCACHE"] = build
            go.directory = place
            let built = try await go.succeed(["build", "-x", "-buildvcs=false", "-o", "/dev/null", "."])
            let real = built.errors.split(separator: "\n").count { $0.contains("/compile -o ") }
            #expect(real > 0)
            #expect(range == real...real)
        }

        @Test("does not advise to restore a module that the archive does not hold")
        func absentModule() async throws {
            let workspace = try await Workspace.shared.value
            let archive = try Scratch.shared.place("no-modules.castore")
            _ = try await workspace.cachectl.succeed(
                [
                    "pack", "--label", "x", "-o", archive, "--no-gomodcache", "--go", workspace.go,
                    "--gocache",
                    workspace.buildCache,
                ]
            )
            let modules = try Scratch.shared.place("no-mod")
            let (status, report) = try await ask(
                Question(archive: archive, options: ["--gomodcache", modules])
            )
            #expect(status == 1)
            let findings = try #require(report["findings"] as? [[String: Any]])
            let finding = try #require(findings.first { $0["code"] as? String == "missingModule" })
            #expect((finding["loss"] as? String)?.contains("the archive does not hold `example.com/") == true)
            #expect((finding["mend"] as? String)?.contains("cachectl restore") == false)
        }

        @Test("counts as many compiles as there will be where GOMODCACHE has moved")
        func moved() async throws {
            let workspace = try await Workspace.shared.value
            let modules = try Scratch.shared.place("doctor-mod")
            _ = try await workspace.cachectl.succeed(
                ["restore", workspace.union, "--no-gocache", "--gomodcache", modules, "--no-go"]
            )
            let (status, report) = try await ask(Question(options: ["--gomodcache", modules]))
            #expect(status == 1)
            #expect(try codes(report).contains("moduleCachePath"))
            let (range, missing) = try packages(report)
            let real = try await compiles(nil, ["GOMODCACHE": modules])
            #expect(real == 3)
            #expect(range == real...real)
            #expect(missing.first?["module"] as? String == "example.com/UpperCase/Kit@v0.9.0-rc.1")
            #expect(missing.allSatisfy { $0["setting"] as? String == "GOMODCACHE" })
        }

        @Test("goes by the GOMODCACHE of the builds where it was moved before the pack, which warns of it")
        func movedBeforePack() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("moved-before")
            let copy = try await workspace.shell(#"cp -R "$1" "$2""#, [workspace.moduleCache, "\(top)/mod"])
            #expect(copy.status == 0, "\(copy)")
            let archive = "\(top)/moved.castore"
            let packed = try await workspace.cachectl.succeed(
                workspace.packing("moved", from: workspace.buildCache, "\(top)/mod", to: archive)
                    + ["--json"]
            )
            let report = try EndToEnd.object(packed.output)
            #expect((report["environment"] as? [String: String])?["GOMODCACHE"] == workspace.moduleCache)
            let warnings = try #require(report["warnings"] as? [[String: String]])
            #expect(warnings.map { $0["code"] } == ["moduleCachePath"])
            let there = try await ask(Question(archive: archive, packages: false))
            #expect(there.status == 0 && there.report["prediction"] as? String == "hits")
            let moved = Question(archive: archive, options: ["--gomodcache", "\(top)/mod"], packages: false)
            let elsewhere = try await ask(moved)
            #expect(elsewhere.status == 1)
            #expect(try codes(elsewhere.report).contains("moduleCachePath"))
        }

        @Test("takes GOMODCACHE with detours in its path for the same directory, as Go does")
        func detours() async throws {
            let workspace = try await Workspace.shared.value
            for path in ["\(workspace.root)/programs/../go/mod", "\(workspace.root)/.//go/mod/"] {
                #expect(FileManager.default.fileExists(atPath: path))
                for packages in [false, true] {
                    let question = Question(settings: ["GOMODCACHE": path], packages: packages)
                    let (status, report) = try await ask(question)
                    #expect(status == 0 && report["prediction"] as? String == "hits", "\(report)")
                }
                #expect(try await compiles(nil, ["GOMODCACHE": path]) == 0)
            }
        }

        @Test("shows the compiler's own words where a package does not compile, and not Go's trace")
        func brokenPackage() async throws {
            let workspace = try await Workspace.shared.value
            let place = try Scratch.shared.place("broken")
            try FileManager.default.copyItem(atPath: "\(workspace.root)/programs/gamma", toPath: place)
            try "package main\n\nvar wrong string = 1 + nowhere\n"
                .write(toFile: "\(place)/wrong.go", atomically: false, encoding: .utf8)
            let (status, report) = try await ask(Question(options: ["--compile"], directory: place))
            #expect(status == 1)
            let findings = try #require(report["findings"] as? [[String: Any]])
            let finding = try #require(findings.first { $0["code"] as? String == "brokenPackages" })
            let loss = try #require(finding["loss"] as? String)
            #expect(loss.contains("they do not compile: `") && loss.contains("undefined: nowhere"), "\(loss)")
            #expect(!loss.contains("WORK="), "\(loss)")
        }

        @Test("finds the one package that no job left, and with --compile that nothing else is compiled")
        func oneMissing() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("holed")
            _ = try await workspace.cachectl.succeed(workspace.restoring(to: "\(top)/build", "\(top)/mod"))
            var go = workspace.goCommand(in: "gamma", proxy: "off")
            go.environment["GOCACHE"] = "\(top)/build"
            let output = try await go.succeed(["list", "-export", "-f", "{{.Export}}", "strconv"]).lines
            try FileManager.default.removeItem(atPath: #require(output.first))
            let holed = "\(top)/holed.castore"
            _ = try await workspace.cachectl.succeed(
                workspace.packing("holed", from: "\(top)/build", workspace.moduleCache, to: holed)
            )

            let (status, report) = try await ask(Question(archive: holed))
            #expect(status == 1)
            let (range, missing) = try packages(report)
            #expect(missing.filter { $0["is_certain"] as? Bool == true }.count == 1)
            #expect(missing.first?["import_path"] as? String == "strconv")
            #expect(range == 1...missing.count)
            #expect(missing.count > 3)

            let real = try await compiles(holed)
            #expect(real == 1)
            let exact = try await ask(Question(archive: holed, options: ["--compile"]))
            #expect(exact.status == 1)
            #expect(try packages(exact.report).range == real...real)
        }

        @Test("can't judge packages without their modules, and names the first that is missing")
        func noModules() async throws {
            let (status, report) = try await ask(
                Question(options: ["--gomodcache", try Scratch.shared.place("no-mod")])
            )
            #expect(status == 1)
            #expect(report["packages"] is NSNull)
            let findings = try #require(report["findings"] as? [[String: Any]])
            let finding = try #require(findings.first { $0["code"] as? String == "missingModule" })
            #expect((finding["loss"] as? String)?.contains("example.com/") == true)
            #expect((finding["mend"] as? String)?.contains("cachectl restore") == true)
        }

        @Test(
            "tells another Go version from the environment alone, and restore warns of it except with --no-go"
        )
        func version() async throws {
            let workspace = try await Workspace.shared.value
            let other = try workspace.goScript(
                #"[ "$1" = tool ] && exit 1; "$GO" "$@" | sed s/go1[.][0-9]*[.][0-9]*/go1.24.99/"#
            )
            let (status, report) = try await ask(Question(packages: false, go: other))
            #expect(status == 1)
            #expect(report["prediction"] as? String == "nothingHits")
            #expect(try codes(report).first == "goVersion")

            let restoring = [
                "restore", workspace.union, "--no-gomodcache", "--gocache",
                try Scratch.shared.place("version"),
                "--json",
            ]
            let warned = try await workspace.cachectl.succeed(restoring + ["--go", other])
            let warnings = try #require(EndToEnd.object(warned.output)["warnings"] as? [[String: String]])
            #expect(warnings.first?["code"] == "goVersion")
            #expect(warnings.first?["message"]?.contains("go1.24.99") == true)
            let silent = try await workspace.cachectl.succeed(restoring + ["--no-go"])
            #expect(try #require(EndToEnd.object(silent.output)["warnings"] as? [Any]).isEmpty)
            #expect(silent.errors.isEmpty)
        }

        @Test("is silent with --quiet where all will hit, and otherwise says why")
        func quiet() async throws {
            let workspace = try await Workspace.shared.value
            var cachectl = try workspace.cachectl
            cachectl.environment["GOMODCACHE"] = workspace.moduleCache
            let asking = ["doctor", workspace.union, "--go", workspace.go, "--quiet"]
            let well = try await cachectl.run(asking)
            #expect(well.status == 0 && well.output.isEmpty && well.errors.isEmpty, "\(well)")
            cachectl.environment["GOAMD64"] = "v3"
            let ill = try await cachectl.run(asking)
            #expect(ill.status == 1 && ill.errors.isEmpty, "\(ill)")
            #expect(ill.lines.first?.hasSuffix("everything will be compiled again") == true)
            #expect(ill.output.contains("mend set `GOAMD64=v1` here"))
        }

        @Test(
            "leaves nothing behind when it is interrupted while it asks Go, restores, or compiles",
            arguments: ["cachectl.", "cachectl-doctor.", "go-build"]
        )
        func interrupted(begun: String) async throws {
            let workspace = try await Workspace.shared.value
            let temporary = try Scratch.shared.directory("interrupted")
            var cachectl = try workspace.cachectl
            cachectl.environment["TMPDIR"] = temporary
            cachectl.environment["GOMODCACHE"] = workspace.moduleCache
            cachectl.environment["GOAMD64"] = "v2"
            // Go answers so fast that a busy machine might not notice the question.
            let slow = try workspace.goScript(#"sleep 0.3; exec "$GO" "$@""#)
            let running = try cachectl.start([
                "doctor", workspace.union, "--go", slow, "--packages",
                "\(workspace.root)/programs/beta", "--compile",
            ])
            // The beginning shows in a directory of the doctor, or in a directory inside it in which Go
            // works.
            func hasBegun() throws -> Bool {
                let names = try FileManager.default.contentsOfDirectory(atPath: temporary)
                let inner = names.filter { $0.hasPrefix("cachectl-doctor.") }.flatMap {
                    (try? FileManager.default.contentsOfDirectory(atPath: "\(temporary)/\($0)")) ?? []
                }
                return (names + inner).contains { $0.hasPrefix(begun) && $0 != "go-build" }
            }
            while try running.isRunning && !hasBegun() { try await Task.sleep(for: .milliseconds(5)) }
            running.send(SIGTERM)
            let outcome = try await running.outcome()
            #expect(outcome.status == 143, "\(outcome)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: temporary) == [])
        }
    }
}
