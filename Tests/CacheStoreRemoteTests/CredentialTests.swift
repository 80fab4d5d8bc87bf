import CacheStore
import Foundation
import Testing

@testable import CacheStoreRemote

@Suite struct CredentialTests {
    private let directory = FileManager.default.temporaryDirectory.appending(path: "credentials-\(UUID())")

    private func write(_ name: String, _ text: String) throws -> String {
        let path = directory.appending(path: name)
        try FileManager.default.createDirectory(
            at: path.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try Data(text.utf8).write(to: path)
        return path.path
    }

    private func find(_ address: String, _ environment: [String: String]) async throws -> Credential? {
        try await CredentialStore(environment: environment).credential(for: try RegistryAddress(address))
            .credential
    }

    @Test func dockersFileIsRead() async throws {
        _ = try write(
            "docker/config.json",
            """
            {"auths": {"ghcr.io": {"auth": "dXNlcjpwYTpzcw=="},
             "https://index.docker.io/v1/": {"auth": "aHViOng="},
             "http://old.example/v2/": {"username": "u", "password": "p"},
             "token.example": {"identitytoken": "t"},
             "bearer.example": {"registrytoken": "b"}, "empty.example": {}, "odd.example": {"auth": "!"},
             "unpadded.example:5000": {"auth": "dXNlcjpwYXM"}}, "HttpHeaders": {"X": "1"}, "psFormat": 1.5}
            """
        )
        let environment = ["DOCKER_CONFIG": directory.appending(path: "docker").path]
        let expected: [(String, Credential?)] = [
            ("ghcr.io/o/n", .password(user: "user", Secret("pa:ss"))),
            ("docker.io/golang", .password(user: "hub", Secret("x"))),
            ("old.example/n", .password(user: "u", Secret("p"))),
            ("token.example/n", .identityToken(Secret("t"))), ("bearer.example/n", .bearer(Secret("b"))),
            ("empty.example/n", nil), ("odd.example/n", nil), ("none.example/n", nil),
            ("unpadded.example:5000/n", .password(user: "user", Secret("pas"))), ("unpadded.example/n", nil),
        ]
        for (address, credential) in expected {
            #expect(try await find(address, environment) == credential, "\(address)")
        }
    }

    @Test func theMostSpecialNameAndTheFirstFileDecide() async throws {
        let first = try write(
            "first.json",
            #"{"auths": {"q.io/a/b": {"auth": "YWI6MQ=="}, "q.io": {"auth": "cTox"}}}"#
        )
        _ = try write(
            "run/containers/auth.json",
            #"{"auths": {"q.io": {"auth": "cnVuOjE="}, "r.io": {"auth": "cjox"}}}"#
        )
        _ = try write(
            "home/.docker/config.json",
            #"{"auths": {"d.io": {"auth": "ZDox"}, "r.io": {"auth": "eDox"}}}"#
        )
        let environment = [
            "REGISTRY_AUTH_FILE": first, "XDG_RUNTIME_DIR": directory.appending(path: "run").path,
            "HOME": directory.appending(path: "home").path,
        ]
        for (address, user) in [
            ("q.io/a/b", "ab"), ("q.io/a/b/c", "ab"), ("q.io/a/bc", "q"), ("r.io/n", "r"), ("d.io/n", "d"),
        ] {
            #expect(try await find(address, environment) == .password(user: user, Secret("1")), "\(address)")
        }
    }

    @Test func githubsTokenIsForItsRegistryOnly() async throws {
        let environment = ["GITHUB_TOKEN": "ghs_1", "HOME": "/nowhere"]
        #expect(
            try await find("ghcr.io/o/n", environment) == .password(user: "x-access-token", Secret("ghs_1"))
        )
        #expect(try await find("docker.io/o/n", environment) == nil)
        let actor = environment.merging(["GITHUB_ACTOR": "me"]) { $1 }
        #expect(try await find("ghcr.io/o/n", actor) == .password(user: "me", Secret("ghs_1")))
    }

    @Test func aDamagedFileIsAnErrorWithoutItsContent() async throws {
        let file = try write("damaged.json", #"{"auths": {"ghcr.io": {"auth": "s3cr3t""#)
        await expectError(.badArgument, "credentials", without: "s3cr3t") {
            _ = try await find("ghcr.io/o/n", ["REGISTRY_AUTH_FILE": file])
        }
        let empty = try write("empty.json", "")
        #expect(try await find("ghcr.io/o/n", ["REGISTRY_AUTH_FILE": empty]) == nil)
    }

    /// Writes a helper program, whose name is unique, into a directory of PATH.
    ///
    /// Another process writes it: a program that this one writes can't be run while a test starts another.
    private func helper(_ script: String) async throws -> String {
        let name = "test-\(UUID().uuidString.prefix(8))"
        let path = "/usr/local/bin/docker-credential-\(name)"
        let write = #"printf '#!/bin/sh\n%s\n' "$1" >"$2" && chmod 755 "$2""#
        #expect(try await Subprocess.run("sh", ["-c", write, "sh", script, path]).status == 0)
        return name
    }

    private func remove(_ name: String) {
        try? FileManager.default.removeItem(atPath: "/usr/local/bin/docker-credential-\(name)")
    }

    @Test func helpersAreAsked() async throws {
        let name = try await helper(
            """
            test "$1" = get || exit 9
            read -r server || test -n "$server"
            case $server in
            none.io) echo "credentials not found in native keychain"; exit 1;;
            token.io) echo '{"ServerURL":"token.io","Username":"<token>","Secret":"t"}';;
            broken.io) echo s3cr3t; exit 3;;
            *) echo "{\\"ServerURL\\":\\"$server\\",\\"Username\\":\\"u\\",\\"Secret\\":\\"$server\\"}";;
            esac
            """
        )
        defer { remove(name) }
        let file = try write(
            "helpers.json",
            """
            {"credsStore": "\(name)", "credHelpers": {"special.io": "\(name)", "lost.io": "no-such-helper"}}
            """
        )
        let environment = ["REGISTRY_AUTH_FILE": file]
        for (address, credential) in [
            ("special.io/n", .password(user: "u", Secret("special.io"))),
            ("docker.io/n", .password(user: "u", Secret("https://index.docker.io/v1/"))),
            ("token.io/n", .identityToken(Secret("t"))), ("none.io/n", nil), ("broken.io/n", nil),
            ("lost.io/n", nil),
        ] as [(String, Credential?)] {
            #expect(try await find(address, environment) == credential, "\(address)")
        }
        let store = CredentialStore(environment: environment)
        let broken = try await store.credential(for: try RegistryAddress("broken.io/n")).faults
        #expect(broken == ["`docker-credential-\(name)` ended with status 3"])
        let lost = try await store.credential(for: try RegistryAddress("lost.io/n")).faults
        #expect(lost == ["`docker-credential-no-such-helper` can't be run (No such file or directory)"])
    }

    @Test func aHelperThatHangsIsEnded() async throws {
        let name = try await helper("trap '' INT; exec sleep 60")
        defer { remove(name) }
        let start = ContinuousClock.now
        let result = try await CredentialHelper.credential(name, "h", limit: .milliseconds(300))
        #expect(result.credential == nil)
        #expect(result.fault?.contains("has not answered in") == true)
        #expect(.now - start < .seconds(10))
    }

    @Test func whatAHelperHasStartedIsNotWaitedFor() async throws {
        let name = try await helper("sleep 60 & echo begun")
        defer { remove(name) }
        let start = ContinuousClock.now
        let result = try await CredentialHelper.credential(name, "h", limit: .milliseconds(500))
        #expect(result.credential == nil)
        #expect(result.fault?.contains("has not answered in") == true)
        #expect(.now - start < .seconds(10))
    }

    @Test func aHelperThatClosesItsOutputIsNotWaitedForLonger() async throws {
        let name = try await helper("exec 1>&- 2>&-; exec sleep 60")
        defer { remove(name) }
        let start = ContinuousClock.now
        let result = try await CredentialHelper.credential(name, "h", limit: .milliseconds(500))
        #expect(result.fault?.contains("has not answered in") == true)
        let task = Task { try await CredentialHelper.credential(name, "h", limit: .seconds(50)) }
        try await Task.sleep(for: .milliseconds(300))
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(.now - start < .seconds(20))
    }

    @Test func aHelperThatWritesForEverIsEnded() async throws {
        let name = try await helper("exec cat /dev/zero")
        defer { remove(name) }
        let result = try await CredentialHelper.credential(name, "h")
        #expect(result.credential == nil)
        #expect(result.fault?.contains("no answer that can be read") == true)
    }
}
