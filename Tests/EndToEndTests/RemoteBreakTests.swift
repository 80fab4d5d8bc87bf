import Foundation
import Testing

extension EndToEnd {
    @Suite("A transfer that breaks or is killed")
    struct RemoteBreaks {
        /// A repository that has alpha's pack as `t`, and a proxy before it.
        private struct Place: Sendable {
            let workspace: Workspace
            let servers: Servers
            let proxy: Servers.Proxy
            /// The tag, without the proxy and behind it.
            let (tag, broken): (String, String)

            init(_ rules: [[String: any Sendable]] = []) async throws {
                (workspace, servers) = (try await Workspace.shared.value, try await Servers.running())
                proxy = try await servers.proxy("registry")
                tag = servers.repository() + ":t"
                broken = tag.replacing(servers.facts.registry.host, with: proxy.host)
                _ = try await workspace.remote().succeed(["push", workspace.pack("alpha"), tag])
                try await servers.set(rules, of: proxy)
            }

            /// The arguments that push the union.
            func pushing(isOnto: Bool, to tag: String? = nil) -> [String] {
                ["push", workspace.union, tag ?? broken] + (isOnto ? ["--onto", "t"] : [])
            }

            /// Expects that the tag names the old archive or the new one, and returns whether it is the new.
            @discardableResult
            func expectOldOrNew(at location: SourceLocation = #_sourceLocation) async throws -> Bool {
                let copy = try Scratch.shared.place("copy.castore")
                let outcome = try await workspace.remote().succeed(["pull", tag, "-o", copy])
                let files = FileManager.default
                let isNew = files.contentsEqual(atPath: copy, andPath: workspace.union)
                let isOld = files.contentsEqual(atPath: copy, andPath: workspace.pack("alpha"))
                #expect(isNew || isOld, "\(outcome)", sourceLocation: location)
                try files.removeItem(atPath: copy)
                return isNew
            }

            /// The number of requests that came to the proxy, and whether a rule struck any.
            func requests() async throws -> (count: Int, struck: Bool) {
                let log = try await servers.log(of: proxy)
                return (log.count, log.contains { $0["action"] is String })
            }
        }

        @Test(
            "at any request of a push leaves the old tag or the new one, and says why",
            arguments: [false, true]
        )
        func pushes(_ isOnto: Bool) async throws {
            let place = try await Place()
            let undisturbed = try await place.workspace.remote().succeed(place.pushing(isOnto: isOnto))
            #expect(try await place.expectOldOrNew(), "\(undisturbed)")
            let count = try await place.requests().count
            #expect(count > 5)
            // Each attempt spends its time waiting before it tries again.
            try await withThrowingTaskGroup { group in
                for number in 1...count {
                    for most in [0, 1] {
                        group.addTask {
                            let place = try await Place([["action": "drop", "nth": number, "count": most]])
                            let outcome = try await place.workspace.remote().run(
                                place.pushing(isOnto: isOnto)
                            )
                            let isNew = try await place.expectOldOrNew()
                            if most == 1 || outcome.status == 0 {
                                #expect(outcome.status == 0 && isNew, "\(number): \(outcome)")
                                return
                            }
                            EndToEnd.expectFailure(
                                outcome,
                                status: 1,
                                naming: "the connection broke (tried 6 times)"
                            )
                            #expect(!outcome.errors.contains("damage"), "\(outcome)")
                            #expect(!isNew)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }

        @Test("at any request of a pull leaves no archive, and says why", arguments: [false, true])
        func pulls(_ isOnto: Bool) async throws {
            let place = try await Place()
            _ = try await place.workspace.remote().succeed(place.pushing(isOnto: isOnto, to: place.tag))
            try await withThrowingTaskGroup { group in
                for number in 1...8 {
                    for most in [0, 1] {
                        group.addTask {
                            let rule: [String: any Sendable] = [
                                "action": "drop", "nth": number, "count": most,
                            ]
                            let proxy = try await place.servers.proxy("registry", [rule])
                            let address = place.tag.replacing(
                                place.servers.facts.registry.host,
                                with: proxy.host
                            )
                            let top = try Scratch.shared.directory("pull")
                            let outcome = try await place.workspace.remote().run([
                                "pull", address, "-o", "\(top)/new.castore",
                            ])
                            let isThere = FileManager.default.contentsEqual(
                                atPath: "\(top)/new.castore",
                                andPath: place.workspace.union
                            )
                            if outcome.status == 0 {
                                #expect(isThere)
                                let names = try FileManager.default.contentsOfDirectory(atPath: top)
                                #expect(names == ["new.castore"])
                                return
                            }
                            #expect(most == 0, "\(outcome)")
                            EndToEnd.expectFailure(
                                outcome,
                                status: 1,
                                naming: "the connection broke (tried 6 times)"
                            )
                            #expect(!outcome.errors.contains("damage"), "\(outcome)")
                            #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }

        @Test("at any request of a restore leaves whole files only, and another one completes it")
        func restores() async throws {
            let place = try await Place()
            let workspace = place.workspace
            _ = try await workspace.remote().succeed(place.pushing(isOnto: true, to: place.tag))
            try await withThrowingTaskGroup { group in
                for number in 1...10 {
                    group.addTask {
                        let rule: [String: any Sendable] = ["action": "drop", "nth": number, "count": 0]
                        let proxy = try await place.servers.proxy("registry", [rule])
                        let host = place.servers.facts.registry.host
                        let top = try Scratch.shared.directory("restore")
                        let (build, modules) = ("\(top)/build", "\(top)/mod")
                        let outcome = try await workspace.remote().run(
                            workspace.restoring(
                                place.tag.replacing(host, with: proxy.host),
                                to: build,
                                modules
                            )
                        )
                        if outcome.status != 0 {
                            EndToEnd.expectFailure(outcome, status: 1, naming: "the connection broke")
                            #expect(!outcome.errors.contains("damage"), "\(outcome)")
                        }
                        if FileManager.default.fileExists(atPath: build) {
                            #expect(try await workspace.faults(build, modules).isEmpty)
                            #expect(try await workspace.leftovers(top).isEmpty)
                        }
                        _ = try await workspace.remote().succeed(
                            workspace.restoring(place.tag, to: build, modules)
                        )
                        #expect(try await workspace.faults(build, modules).isEmpty)
                        _ = try await workspace.shell(#"chmod -R u+w "$1"; rm -rf "$1""#, [top])
                    }
                }
                try await group.waitForAll()
            }
        }

        private static let signals = [(SIGKILL, 137), (SIGTERM, 143), (SIGINT, 130)]

        /// Sends a signal to a command when a proxy, which slows it down, has seen some requests.
        private func end(
            _ arguments: [String],
            with signal: Int32,
            after count: Int,
            at place: Place
        ) async throws -> Program.Outcome {
            let running = try await place.workspace.remote().start(arguments)
            while running.isRunning {
                if try await place.requests().count >= count { break }
            }
            running.send(signal)
            return try await running.outcome()
        }

        @Test("by a signal in a push leaves the old tag or the new one", arguments: signals)
        func endedPush(signal: Int32, status: Int) async throws {
            var ended = 0
            for number in 1...8 {
                let place = try await Place([["action": "stall", "seconds": 0.1, "count": 0]])
                let pushing = place.pushing(isOnto: number.isMultiple(of: 2))
                let outcome = try await end(pushing, with: signal, after: number + 1, at: place)
                #expect([0, status].contains(outcome.status), "\(outcome)")
                if outcome.status != 0 { ended += 1 }
                if outcome.status != 0, signal != SIGKILL {
                    EndToEnd.expectFailure(
                        outcome,
                        status: status,
                        naming: "interrupted: each tag names what it named before, or all of the new artifact"
                    )
                }
                try await place.expectOldOrNew()
                _ = try await place.workspace.remote().succeed(place.pushing(isOnto: true, to: place.tag))
                #expect(try await place.expectOldOrNew())
            }
            #expect(ended > 4)
        }

        @Test("by a signal in a pull leaves no archive", arguments: signals)
        func endedPull(signal: Int32, status: Int) async throws {
            var ended = 0
            for number in 1...6 {
                let place = try await Place()
                let isOnto = number.isMultiple(of: 2)
                _ = try await place.workspace.remote().succeed(place.pushing(isOnto: isOnto, to: place.tag))
                try await place.servers.set(
                    [["action": "stall", "seconds": 0.1, "count": 0]],
                    of: place.proxy
                )
                let top = try Scratch.shared.directory("ended-pull")
                let archive = "\(top)/new.castore"
                let outcome = try await end(
                    ["pull", place.broken, "-o", archive],
                    with: signal,
                    after: number,
                    at: place
                )
                #expect([0, status].contains(outcome.status), "\(outcome)")
                if outcome.status != 0 {
                    ended += 1
                    #expect(!FileManager.default.fileExists(atPath: archive))
                    if signal != SIGKILL {
                        EndToEnd.expectFailure(
                            outcome,
                            status: status,
                            naming: "interrupted: no archive was written"
                        )
                        #expect(try FileManager.default.contentsOfDirectory(atPath: top).isEmpty)
                    }
                    _ = try await place.workspace.remote().succeed(["pull", place.tag, "-o", archive])
                }
                #expect(FileManager.default.contentsEqual(atPath: archive, andPath: place.workspace.union))
            }
            #expect(ended > 3)
        }
    }
}
