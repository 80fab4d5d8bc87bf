import Foundation
import Testing

extension EndToEnd {
    /// Tests of `cachectl prog` that is killed, started by hand, or without a place to write.
    @Suite("`cachectl prog`")
    struct ProgMachine {
        @Test("killed at any instant leaves a GOCACHE in which Go finds nothing wrong")
        func killed() async throws {
            let workspace = try await Workspace.shared.value
            let expected = try await Prog.build("beta", ["GOCACHE": workspace.buildCache])
            let clock = ContinuousClock()
            let start = clock.now
            _ = try await Prog.build("beta", Prog.settings([workspace.union]))
            let time = clock.now - start
            var killed = 0
            let attempts = 5
            for attempt in 0..<attempts {
                let settings = try await Prog.settings([workspace.union])
                let note = try Scratch.shared.place("process")
                let script = try Scratch.shared.place("prog")
                let record = "echo $$ >'\(note).new' && mv '\(note).new' '\(note)'"
                let line = "#!/bin/sh\n\(record) && exec \(settings["GOCACHEPROG"] ?? "")\n"
                try line.write(toFile: script, atomically: false, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: script)
                var go = workspace.goCommand(in: "beta", proxy: "off")
                go.environment.merge(settings) { $1 }
                go.environment["GOCACHEPROG"] = script
                let running = try go.start([
                    "build", "-buildvcs=false", "-o", Scratch.shared.place("beta"), ".",
                ])
                while running.isRunning, !FileManager.default.fileExists(atPath: note) {
                    try await Task.sleep(for: .milliseconds(1))
                }
                try await Task.sleep(for: time * (Double(attempt) + .random(in: 0..<1)) / Double(attempts))
                let text = try String(contentsOfFile: note, encoding: .utf8)
                let process = try #require(Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)))
                if running.isRunning { kill(process, SIGKILL) }
                // A go command whose program has ended may wait for ever (before 1.27).
                let limit = Task {
                    try await Task.sleep(for: .seconds(3))
                    running.send(SIGKILL)
                }
                if try await running.outcome().status != 0 { killed += 1 }
                limit.cancel()

                let build = try #require(settings["GOCACHE"])
                let none = try Scratch.shared.directory("none")
                #expect(try await workspace.faults(build, none) == [], "attempt \(attempt)")
                // The next program completes the cache, removes what is left, and Go alone hits all of it.
                let next = try await Prog.build("beta", settings)
                #expect(next.compiles == 0 && next.bytes == expected.bytes)
                let plain = try await Prog.build("beta", Prog.plain(settings))
                #expect(plain.compiles == 0 && plain.bytes == expected.bytes)
            }
            #expect(killed >= attempts / 3)
        }

        @Test("with a full disk or a read-only GOCACHE gives all hits, and one warning")
        func noRoom() async throws {
            let workspace = try await Workspace.shared.value
            let expected = try await Prog.build("gamma", ["GOCACHE": workspace.buildCache])
            for (options, later) in [("size=3m,mode=755", nil), ("size=100m,mode=755", "ro")] {
                try await workspace.onFileSystem(options) { place in
                    let temporary = try Scratch.shared.directory("tmp")
                    var settings = try await Prog.settings([workspace.union])
                    settings["GOCACHE"] = place
                    settings["TMPDIR"] = temporary
                    // Go makes its directories and its README while it can.
                    _ = try await Prog.go(["list", "."], in: "gamma", Prog.plain(settings))
                    _ = try await workspace.shell(
                        #"cd "$1" && mkdir -p $(printf '%02x ' $(seq 0 255)) && touch README"#,
                        [place]
                    )
                    if let later { try await workspace.remount(place, later) }
                    let built = try await Prog.build("gamma", settings)
                    #expect(built.bytes == expected.bytes, "\(options)")
                    #expect(built.compiles == 0 && built.warnings == 1, "\(built.errors.suffix(3000))")
                    #expect(built.errors.contains(place), "\(built.errors.suffix(3000))")
                    // What Go makes is kept for it until it ends.
                    let changed = try await Prog.build("gamma", settings, ["-gcflags=-N"])
                    #expect(changed.compiles == 1 && changed.warnings == 1)
                    try await Prog.expectWhole(settings)
                    #expect(try FileManager.default.contentsOfDirectory(atPath: temporary) == [])
                    if later == nil {
                        // With room, all is stored.
                        try await workspace.remount(place, "size=100m")
                        #expect(try await Prog.build("gamma", settings).warnings == 0)
                        let plain = try await Prog.build("gamma", Prog.plain(settings))
                        #expect(plain.compiles == 0 && plain.bytes == expected.bytes)
                    }
                }
            }
        }

        @Test("started by hand says what to do instead, with status 64")
        func byHand() async throws {
            let workspace = try await Workspace.shared.value
            let outcome = try await workspace.shell(
                #"timeout 20 script -qec "'$CACHECTL' prog /caches/all.castore" /dev/null </dev/null"#
            )
            #expect(outcome.status == 64, "\(outcome)")
            #expect(
                outcome.output.contains(#"GOCACHEPROG="cachectl prog /caches/all.castore""#),
                "\(outcome)"
            )
            // Anything else on standard input is told apart from Go.
            let piped = try await workspace.shell(
                #"export GOCACHE="$1" && echo 'go build' | "$CACHECTL" prog /caches/all.castore"#,
                [Scratch.shared.place("build")]
            )
            #expect(piped.status == 1 && piped.output.hasPrefix(#"{"ID":0,"#), "\(piped)")
            #expect(
                piped.errors.contains("error: ") && piped.errors.contains("not what the go command writes")
            )
            let directory = try await workspace.shell(
                #"export GOCACHE="$1" && "$CACHECTL" prog /caches/all.castore <"$1/..""#,
                [Scratch.shared.directory("build")]
            )
            #expect(directory.status == 1 && directory.errors.contains("error: "), "\(directory)")
            let unset = try await workspace.shell(#"unset HOME && "$CACHECTL" prog x </dev/null"#)
            #expect(unset.status == 64 && unset.errors.contains("GOCACHE"), "\(unset)")
        }

        /// A line of the shell that starts a program with a put under way, and runs `end` with its number.
        private func script(_ end: String) -> String {
            #"""
            export GOCACHE="$1/build" TMPDIR="$1" && mkfifo "$1/in" && exec 3<>"$1/in" || exit 99
            "$CACHECTL" prog --read-only "$2" <"$1/in" >"$1/out" 2>"$1/errors" & program=$!
            action=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=
            output=tdQEXD9Gb6kf4sxqvnkjKhpXzfEE96JucW4KHieJ33g=
            printf '{"ID":1,"Command":"put","ActionID":"%s","OutputID":"%s","BodySize":3}\n"QUJD"\n' \
                "$action" "$output" >&3
            for _ in $(seq 500); do grep -q '"ID":1' "$1/out" && break; sleep 0.02; done
            ls -d "$1"/build/.castore-*.tmp >/dev/null || { cat "$1/out" "$1/errors"; exit 98; }
            """# + "\n" + end
        }

        @Test(
            "ends at SIGTERM with status 143, and no scratch directory; other signals are for Go"
        )
        func signals() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("signals")
            let outcome = try await workspace.shell(
                script(
                    #"""
                    kill -INT $program; kill -HUP $program; sleep 0.3; kill -0 $program || exit 97
                    kill -TERM $program; wait $program; status=$?; cat "$1/errors"; exit $status
                    """#
                ),
                [top, workspace.pack("gamma")]
            )
            #expect(outcome.status == 143, "\(outcome)")
            #expect(try await workspace.leftovers(top).isEmpty)
            #expect(!outcome.output.contains("Fatal error"))
        }

        @Test("and its scratch directory do not disturb a pack, a restore, a seal, or the doctor")
        func neighbours() async throws {
            let workspace = try await Workspace.shared.value
            let top = try Scratch.shared.directory("neighbours")
            let outcome = try await workspace.shell(
                script(
                    #"""
                    export GOMODCACHE="$4" GOPROXY=off && cd "$1" || exit 96
                    check() { "$@" || { echo "FAILED $*"; kill $program; exit 95; }; }
                    check "$CACHECTL" restore "$2" --no-go --gocache "$GOCACHE" --no-gomodcache -q
                    check "$CACHECTL" seal --check "$GOCACHE"
                    check "$CACHECTL" doctor "$2" --go "$3" --quiet
                    check "$CACHECTL" pack --label x --go "$3" -q -o "$1/x.castore" \
                        --gocache "$GOCACHE" --no-gomodcache
                    check "$CACHECTL" difference "$1/x.castore" "$2" -o "$1/more.castore"
                    test -z "$("$CACHECTL" ls "$1/more.castore")" || exit 94
                    ls -d "$GOCACHE"/.castore-*.tmp >/dev/null || exit 93
                    printf '{"ID":2,"Command":"get","ActionID":"%s"}\n' "$action" >&3
                    printf '{"ID":3,"Command":"close"}\n' >&3
                    wait $program || exit 92
                    grep -q '"ID":2,"OutputID"' "$1/out" || exit 91
                    cat "$1/errors"
                    """#
                ),
                [top, workspace.pack("gamma"), workspace.go, workspace.moduleCache]
            )
            #expect(outcome.status == 0, "\(outcome)")
            #expect(!(outcome.output + outcome.errors).contains("castore-"), "\(outcome)")
            #expect(!(outcome.output + outcome.errors).contains("warning: "), "\(outcome)")
            #expect(try await workspace.leftovers(top).isEmpty)
        }
    }
}
