import Foundation
import Testing

extension EndToEnd {
    @Suite("A secret of the network")
    struct RemoteSecrets {
        private static let secrets = ["s3cr3tSignature", "s3cr3tToken", "s3cr3tPassword"]

        /// A home with credentials for the servers, and a credential helper that notes how it was called.
        private struct Home {
            let workspace: Workspace
            let servers: Servers
            let path: String
            let temporary: String
            /// The directory of the helper; the file `calls` in it has the words of each call.
            let helpers: String
            /// What may be in no output.
            var secrets: [String]

            init() async throws {
                (workspace, servers) = (try await Workspace.shared.value, try await Servers.running())
                path = try Scratch.shared.directory("home")
                temporary = try Scratch.shared.directory("secret-tmp")
                helpers = try Scratch.shared.directory("helpers")
                let pair = Data("\(servers.facts.user):\(servers.facts.password)".utf8)
                secrets = RemoteSecrets.secrets + [servers.facts.password, pair.base64EncodedString()]
                try FileManager.default.createDirectory(
                    atPath: "\(path)/.docker",
                    withIntermediateDirectories: false
                )
                let helper = "\(helpers)/docker-credential-noted"
                let answer = #"{"Username":"\#(servers.facts.user)","Secret":"\#(servers.facts.password)"}"#
                try """
                #!/bin/sh
                tr '\\0' ' ' < /proc/$$/cmdline >> '\(helpers)/calls'
                env >> '\(helpers)/calls'
                cat >> '\(helpers)/calls'
                echo '\(answer)'
                """.write(toFile: helper, atomically: false, encoding: .utf8)
                try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: helper)
            }

            /// Writes docker's file of credentials.
            func sign(_ text: String) throws {
                try text.write(toFile: "\(path)/.docker/config.json", atomically: false, encoding: .utf8)
            }

            /// Writes docker's file with a password.
            func sign(password: String) throws {
                let pair = Data("\(servers.facts.user):\(password)".utf8).base64EncodedString()
                try sign(#"{"auths":{"\#(servers.facts.registry_auth.host)":{"auth":"\#(pair)"}}}"#)
            }

            /// Runs `cachectl`, and looks for secrets in all that it prints and in the names of its scratch
            /// files.
            @discardableResult
            func run(
                _ arguments: [String],
                status: Int,
                at location: SourceLocation = #_sourceLocation
            ) async throws -> Program.Outcome {
                let outcome = try await workspace.remote([
                    "HOME": path, "TMPDIR": temporary, "GITHUB_TOKEN": "s3cr3tToken",
                    "PATH": "\(helpers):\(ProcessInfo.processInfo.environment["PATH"] ?? "")",
                ]).run(arguments)
                let words = arguments.joined(separator: " ")
                #expect(outcome.status == status, "\(words): \(outcome)", sourceLocation: location)
                let names = try FileManager.default.subpathsOfDirectory(atPath: temporary).joined()
                for secret in secrets {
                    let isShown = (outcome.output + outcome.errors + names).contains(secret)
                    #expect(!isShown, "\(words): \(outcome)", sourceLocation: location)
                }
                return outcome
            }
        }

        @Test("from a file or a helper is in no output, whether it is right, wrong or damaged")
        func credentials() async throws {
            let home = try await Home()
            let pack = home.workspace.pack("alpha")
            let tag = home.servers.repository(home.servers.facts.registry_auth.host) + ":t"
            let copy = try Scratch.shared.place("copy.castore")
            func verbs(_ status: Int) async throws {
                try await home.run(["push", pack, tag], status: status)
                try await home.run(["push", pack, tag, "--onto", "t", "--json"], status: status)
                try await home.run(["pull", tag, "-o", copy, "--force"], status: status)
                try await home.run(["info", tag, "--json"], status: status)
            }
            try home.sign(password: home.servers.facts.password)
            try await verbs(0)
            try home.sign(#"{"credsStore":"noted"}"#)
            try await verbs(0)
            let calls = try String(contentsOfFile: "\(home.helpers)/calls", encoding: .utf8)
            #expect(calls.contains("docker-credential-noted get"))
            #expect(!calls.contains(home.servers.facts.password))
            try home.sign(password: "s3cr3tPassword")
            try await verbs(1)
            for text in [#"{"auths":{"x":{"auth":"s3cr3tPassword"#, #"s3cr3tPassword"#] {
                try home.sign(text)
                try await verbs(64)
            }
            let host = home.servers.facts.registry_auth.host
            try home.sign(#"{"auths":{"\#(host)":{"auth":"s3cr3tPassword!"}}}"#)
            try await verbs(1)
            try home.sign("{}")
            try await verbs(1)
        }

        @Test("in a signed address is in no output and in no artifact")
        func signature() async throws {
            let home = try await Home()
            let facts = home.servers.facts
            let pack = home.workspace.pack("alpha")
            let query = "?X-Amz-Signature=s3cr3tSignature"
            let served = try home.servers.serve(pack)
            let good = served + query
            let new = try Scratch.shared.place("new.castore")
            try await home.run(["info", good, "--json"], status: 0)
            try await home.run(["ls", good], status: 0)
            try await home.run(["pull", good, "-o", new, "--json"], status: 0)
            try await home.run(["union", good, home.workspace.pack("beta"), "-o", new, "--force"], status: 0)
            try await home.run(["summary", pack, "--base", good], status: 0)
            let tag = home.servers.repository() + ":t"
            try await home.run(["push", good, tag, "--json"], status: 0)
            let repository = tag.dropFirst("oci://\(facts.registry.host)/".count).dropLast(":t".count)
            let address = "http://\(facts.registry.host)/v2/\(repository)/manifests/t"
            let manifest = try await home.workspace.shell(
                #"curl -sS -H 'Accept: application/vnd.oci.image.manifest.v1+json' "$1""#,
                [address]
            )
            #expect(manifest.output.contains("cachestore.archive.digest"), "\(manifest)")
            #expect(!manifest.output.contains("s3cr3t"))
            let bad = facts.nginx.untrusted + served.dropFirst(facts.nginx.https.count) + query
            for address in [bad, facts.nginx.https + "/none.castore" + query] {
                try await home.run(["info", address], status: 1)
                try await home.run(["pull", address, "-o", new, "--force", "--json"], status: 1)
                try await home.run(["summary", pack, "--base", address], status: 0)
            }
            for status in [401, 403, 404, 503] {
                let rule: [String: any Sendable] = [
                    "action": "status", "status": status, "count": 0, "body": "s3cr3tSignature",
                ]
                let proxy = try await home.servers.proxy("nginx", [rule])
                try await home.run(["info", "\(proxy.url)/x.castore\(query)"], status: 1)
            }
        }

        @Test("is in no message about a wrong command line")
        func usage() async throws {
            let home = try await Home()
            let pack = home.workspace.pack("alpha")
            let signed = "https://127.0.0.1:1/x.castore?X-Amz-Signature=s3cr3tSignature"
            let user = "oci://u:s3cr3tPassword@127.0.0.1:1/x:t"
            for arguments in [
                [signed], ["info", signed, "extra"], ["info", signed, signed], ["info", "--bogus", signed],
                ["info", user], ["info", "--metrics", signed, pack], ["pull", signed],
                ["pull", signed, signed, "-o", "x"], ["pull", signed, "-o", signed],
                ["pull", user, "-o", "x"],
                ["pull", "https://u:s3cr3tPassword@h/x", "-o", "x"], ["push", pack, signed],
                ["push", signed],
                ["push", pack, user], ["push", pack, "oci://127.0.0.1:1/x:t", "--onto", user],
                ["push", pack, "oci://127.0.0.1:1/x:t", "--tag", signed],
                ["restore", signed, "--gocache", signed],
                ["restore", "--gocache=\(signed)", pack], ["union", pack, "-o", signed], ["repair", signed],
                ["run", signed, "--", "true"], ["select", signed, "-o", "x", "--max-size", signed],
                ["verify", pack, "--sample", signed], ["summary", pack, "--budget", signed],
                ["ls", signed, "--kind", signed], ["prog", signed, "--bogus"], ["bogus", signed],
                ["info", "s3://bucket/x?sig=s3cr3tSignature"], ["explain", pack, "--top", signed],
            ] { try await home.run(arguments, status: 64) }
            for word in [" \(signed)", signed.replacing("//", with: "/")] {
                try await home.run(["info", word], status: 1)
            }
        }
    }
}
