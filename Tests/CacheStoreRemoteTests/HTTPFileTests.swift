import CacheStore
import Foundation
import Testing

@testable import CacheStoreRemote

@Suite struct HTTPFileTests {
    /// Opens a file of 300 000 random bytes through a proxy, and reads it in three ranges at once.
    private func check(_ rules: [Rule], options: RemoteOptions = quickOptions()) async throws
        -> [BreakingProxy.Entry]
    {
        let rig = try await Rig.running()
        let (name, bytes) = try rig.file(300_000)
        let proxy = try await rig.proxy("nginx", rules)
        try await withClient(options) { client in
            let file = try await HTTPFile(
                try WebAddress("\(proxy.url)/\(name)?signature=s3cr3t"),
                client: client
            )
            #expect(file.byteCount == bytes.count)
            #expect(file.name == "\(proxy.url)/\(name)")
            async let first = file.bytes(0..<100_000)
            async let second = file.bytes(100_000..<100_001)
            async let third = file.bytes(100_001..<300_000)
            let all = try await first + second + third
            #expect(all == bytes)
        }
        return try await proxy.log()
    }

    @Test func rangesAreReadAsTheyAre() async throws {
        let log = try await check([])
        #expect(log.count == 4)
        #expect(log.allSatisfy { $0.status == 206 && $0.header("accept-encoding") == "identity" })
        #expect(log.dropFirst().allSatisfy { $0.header("if-range")?.hasPrefix("\"") == true })
    }

    @Test func encryptedFilesAreReadWithTheAuthorityThatIsNamed() async throws {
        let rig = try await Rig.running()
        let (name, bytes) = try rig.file(5000)
        let address = try WebAddress("\(rig.servers.nginx.https)/\(name)")
        try await withClient(quickOptions(["SSL_CERT_FILE": rig.servers.ca])) { client in
            let file = try await HTTPFile(address, client: client)
            #expect(try await file.bytes(10..<4990) == Array(bytes[10..<4990]))
        }
        await expectError(.network, "not trusted") {
            try await withClient { _ = try await HTTPFile(address, client: $0) }
        }
        for (other, words) in [
            (rig.servers.nginx.untrusted, "not trusted: no authority that is known here has signed it"),
            (rig.servers.nginx.wrong_name, "not trusted: it is not for a server of this name"),
        ] {
            await expectError(.network, words) {
                try await withClient(quickOptions(["SSL_CERT_FILE": rig.servers.ca])) { client in
                    _ = try await HTTPFile(try WebAddress("\(other)/\(name)"), client: client)
                }
            }
        }
        for (file, words) in [
            ("/nowhere.pem", "`SSL_CERT_FILE` names `/nowhere.pem`, which can't be read"),
            ("/etc/hostname", "`/etc/hostname`, which `SSL_CERT_FILE` names, holds no certificates"),
            ("/dev/null", "`/dev/null`, which `SSL_CERT_FILE` names, holds no certificates"),
        ] {
            for more in [[:], ["SSL_CERT_DIR": "/etc/ssl/certs"]] {
                let environment = more.merging(["SSL_CERT_FILE": file]) { $1 }
                await expectError(.network, words) {
                    try await withClient(quickOptions(environment)) { client in
                        _ = try await HTTPFile(address, client: client)
                    }
                }
            }
        }
    }

    @Test(arguments: ["drop", "short", "stall", "status", "reset"])
    func passingFailuresAreMended(_ kind: String) async throws {
        let rules: [Rule] =
            switch kind {
            case "drop": [["action": "drop", "count": 3]]
            case "reset": [["action": "drop", "reset": true, "nth": 2, "count": 2]]
            case "short": [["action": "short", "bytes": 70_000, "nth": 2, "count": 3]]
            case "stall":
                [
                    ["action": "stall", "seconds": 3, "bytes": 1000, "nth": 2],
                    ["action": "stall", "seconds": 3],
                ]
            default:
                [
                    ["action": "status", "status": 429, "retry_after": 1],
                    ["action": "status", "status": 500], ["action": "status", "status": 502],
                    ["action": "status", "status": 503], ["action": "status", "status": 504],
                ]
            }
        let warnings = Collector<Warning>()
        var options = quickOptions(stall: kind == "stall" ? .seconds(1) : .seconds(30))
        options.warn = { warnings.add($0) }
        let log = try await check(rules, options: options)
        #expect(log.count > 4)
        #expect(warnings.all.count == 1)
        #expect(warnings.all.allSatisfy { $0.code == .networkRetry && !$0.message.contains("s3cr3t") })
        if kind == "short" {
            // A broken range goes on where it broke; the client may not have got the last bytes before.
            let begins = log.compactMap { $0.header("range")?.split(separator: "=").last }
                .filter { $0.hasSuffix("-99999") || $0.hasSuffix("-299999") }
                .compactMap { Int($0.split(separator: "-")[0]) }
            #expect(begins.contains { $0 != 0 && $0 != 100_001 })
        }
    }

    @Test func aTransferThatGoesOnIsTriedAgainMoreOften() async throws {
        var options = quickOptions()
        (options.tries, options.progressByteCount) = (3, 4096)
        _ = try await check([["action": "short", "bytes": 40_000, "nth": 2, "count": 20]], options: options)
    }

    @Test func moreRangesThanConnectionsAreReadAtOnce() async throws {
        let rig = try await Rig.running()
        let (name, bytes) = try rig.file(64_000)
        let proxy = try await rig.proxy("nginx", [["action": "stall", "seconds": 1, "count": 0]])
        let warnings = Collector<Warning>()
        var options = quickOptions()
        (options.connections, options.stallTimeout) = (2, .seconds(6))
        options.warn = { warnings.add($0) }
        try await withClient(options) { client in
            let file = try await HTTPFile(try WebAddress("\(proxy.url)/\(name)"), client: client)
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for start in stride(from: 0, to: 64_000, by: 4000) {
                    group.addTask {
                        try await file.bytes(start..<start + 4000) == Array(bytes[start..<start + 4000])
                    }
                }
                for try await isSame in group { #expect(isSame) }
            }
        }
        #expect(warnings.all.isEmpty)
    }

    @Test func aSignedAddressIsSentAsItIs() async throws {
        let rig = try await Rig.running()
        let proxy = try await rig.proxy("nginx", [["action": "status", "status": 403, "count": 0]])
        let target = "/a//b;c=1/%2e%2F+x'(1)?X-Amz-Credential=AK%2F2024%2Fs3&x=a+b&e=&X-Amz-Signature=s3cr3t"
        await expectError(.accessDenied, "403", without: "s3cr3t") {
            try await withClient { client in
                _ = try await HTTPFile(try WebAddress(proxy.url + target), client: client)
            }
        }
        #expect(try await proxy.log().map(\.path) == [target])
    }

    @Test func aServerThatAsksForAnHourIsAnErrorAtOnce() async throws {
        await expectError(.network, "asks for a wait of 3600 s") {
            _ = try await check([["action": "status", "status": 429, "retry_after": 3600]])
        }
    }

    @Test func aProxyOfTheEnvironmentIsUsed() async throws {
        let rig = try await Rig.running()
        let (name, bytes) = try rig.file(5000)
        let tunnel = try Tunnel(to: try WebAddress(rig.servers.nginx.wrong_name).port)
        let environment = [
            "SSL_CERT_FILE": rig.servers.ca, "HTTPS_PROXY": "http://user:s3cr3t@127.0.0.1:\(tunnel.port)",
        ]
        try await withClient(quickOptions(environment)) { client in
            let address = try WebAddress("https://elsewhere.invalid/\(name)")
            let file = try await HTTPFile(address, client: client)
            #expect(try await file.bytes(0..<5000) == bytes)
        }
        #expect(tunnel.line() == "CONNECT elsewhere.invalid:443 Basic dXNlcjpzM2NyM3Q=")
    }

    @Test func aServerMayAskForAWait() async throws {
        let start = ContinuousClock.now
        _ = try await check([["action": "status", "status": 503, "retry_after": 1]])
        #expect(.now - start >= .seconds(1))
    }

    @Test func aServerThatNeverRecoversIsAnError() async throws {
        for (rule, words) in [
            (["action": "status", "status": 503, "count": 0], "503 Service Unavailable (tried 6 times)"),
            (["action": "drop", "count": 0], "the connection broke (tried 6 times)"),
        ] as [(Rule, String)] {
            await expectError(.network, words, without: "s3cr3t") { _ = try await check([rule]) }
        }
    }

    @Test(arguments: [
        ("ignore_range", "", CacheStoreError.Code.network, "ignores ranges"),
        ("wrong_range", "header", .network, "another range"), ("wrong_range", "total", .io, "changed"),
        ("wrong_range", "none", .network, "does not state which range"),
        ("wrong_range", "moved", .network, "another range"),
        ("wrong_range", "longer", .network, "another range"),
        ("wrong_range", "shorter", .network, "another range"),
        ("changed", "", .io, "changed while it was read"),
    ])
    func aServerThatSendsOtherBytesIsAnError(
        _ action: String,
        _ kind: String,
        _ code: CacheStoreError.Code,
        _ words: String
    ) async throws {
        let rule: Rule = ["action": action, "kind": kind, "nth": 2, "count": 0]
        await expectError(code, words, without: "s3cr3t") { _ = try await check([rule]) }
    }

    @Test func aServerWithoutRangesGivesTheWholeFileOnly() async throws {
        let rig = try await Rig.running()
        let (name, bytes) = try rig.file(200_000)
        let proxy = try await rig.proxy("nginx", [["action": "short", "bytes": 50_000, "nth": 3]])
        let address = try WebAddress("\(proxy.url)/no-ranges/\(name)")
        try await withClient { client in
            await expectError(.network, "ignores ranges") { _ = try await HTTPFile(address, client: client) }
            let file = try await HTTPFile(address, client: client, allowsWholeOnly: true)
            #expect(file.byteCount == bytes.count)
            #expect(try await file.bytes(0..<bytes.count) == bytes)
            await expectError(.network, "ignores ranges") { _ = try await file.bytes(0..<10) }
        }
        #expect(try await proxy.log().contains { $0.action == "short" })
    }

    @Test func aFileWithoutTagIsKnownByItsTime() async throws {
        let rig = try await Rig.running()
        let (name, bytes) = try rig.file(2000)
        let address = try WebAddress("\(rig.servers.nginx.http)/no-etag/\(name)")
        try await withClient { client in
            let file = try await HTTPFile(address, client: client)
            #expect(try await file.bytes(5..<1005) == Array(bytes[5..<1005]))
            let path = URL(filePath: rig.servers.files).appending(path: name)
            try Data(randomBytes(2000)).write(to: path)
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSinceNow: -9000)],
                ofItemAtPath: path.path
            )
            await expectError(.io, "changed") { _ = try await file.bytes(0..<10) }
        }
    }

    @Test func anEmptyFileAndALengthlessOneAreTold() async throws {
        let rig = try await Rig.running()
        let (name, _) = try rig.file(0)
        try await withClient { client in
            let file = try await HTTPFile(try WebAddress("\(rig.servers.nginx.http)/\(name)"), client: client)
            #expect(file.byteCount == 0)
            #expect(try await file.bytes(0..<0) == [])
            await expectError(.notFound, "404 Not Found") {
                _ = try await HTTPFile(try WebAddress("\(rig.servers.nginx.http)/none"), client: client)
            }
        }
    }

    @Test func aRefusalIsNotTriedAgain() async throws {
        for status in [400, 401, 403, 404] {
            let rig = try await Rig.running()
            let proxy = try await rig.proxy("nginx", [["action": "status", "status": status, "count": 0]])
            let code: CacheStoreError.Code =
                status == 404 ? .notFound : status == 400 ? .network : .accessDenied
            await expectError(code, "answered \(status)", without: "s3cr3t") {
                try await withClient { client in
                    _ = try await HTTPFile(try WebAddress("\(proxy.url)/x?signature=s3cr3t"), client: client)
                }
            }
            #expect(try await proxy.log().count == 1)
        }
    }

    @Test func redirectsAreFollowedAndRememberedAndForgotten() async throws {
        let rig = try await Rig.running()
        let (name, bytes) = try rig.file(10_000)
        let place = try await rig.proxy("nginx")
        let first = try await rig.proxy(
            "nginx",
            [
                [
                    "action": "redirect", "status": 302, "to": place.localhost, "query": "signature=s3cr3t",
                    "count": 0,
                ]
            ]
        )
        try await withClient { client in
            let file = try await HTTPFile(try WebAddress("\(first.url)/\(name)"), client: client)
            for _ in 0..<3 { #expect(try await file.bytes(7..<9000) == Array(bytes[7..<9000])) }
            #expect(try await first.log().count == 1)
            #expect(try await place.log().count == 4)
            // The signed address has expired: the first address is asked for another one, once.
            try await place.set([["action": "status", "status": 403]])
            #expect(try await file.bytes(0..<10) == Array(bytes[0..<10]))
            #expect(try await first.log().count == 2)
            try await place.set([["action": "status", "status": 403, "count": 0]])
            await expectError(.accessDenied, "403", without: "s3cr3t") { _ = try await file.bytes(0..<10) }
        }
    }

    @Test func redirectsInACircleOrToPlainHTTPAreErrors() async throws {
        let rig = try await Rig.running()
        let circle = try await rig.proxy("nginx", [["action": "redirect", "to": "loop", "count": 0]])
        await expectError(.network, "redirected more than 10 times") {
            try await withClient { _ = try await HTTPFile(try WebAddress("\(circle.url)/x"), client: $0) }
        }
        let plain = try await rig.proxy(
            "nginx",
            [["action": "redirect", "to": rig.servers.nginx.http, "count": 0]],
            ["tls": true]
        )
        await expectError(.network, "plain HTTP") {
            try await withClient(quickOptions(["SSL_CERT_FILE": rig.servers.ca])) { client in
                _ = try await HTTPFile(try WebAddress("\(plain.url)/x"), client: client)
            }
        }
        let away = try await rig.proxy(
            "nginx",
            [["action": "redirect", "to": "http://192.0.2.1", "count": 0]]
        )
        await expectError(.network, "plain HTTP is allowed to this machine only") {
            try await withClient { client in
                _ = try await HTTPFile(try WebAddress("\(away.url)/x"), client: client)
            }
        }
        await expectError(.badArgument, "plain HTTP is allowed to this machine only") {
            try await withClient { client in
                _ = try await HTTPFile(try WebAddress("http://192.0.2.1/x"), client: client)
            }
        }
    }

    @Test func aCancelledReadEndsAtOnce() async throws {
        let rig = try await Rig.running()
        let (name, _) = try rig.file(10_000)
        let proxy = try await rig.proxy(
            "nginx",
            [["action": "stall", "seconds": 5, "bytes": 100, "nth": 2, "count": 0]]
        )
        var options = quickOptions()
        options.stallTimeout = .seconds(60)
        try await withClient(options) { client in
            let file = try await HTTPFile(try WebAddress("\(proxy.url)/\(name)"), client: client)
            let start = ContinuousClock.now
            let task = Task { try await file.bytes(0..<10_000) }
            try await Task.sleep(for: .milliseconds(300))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(.now - start < .seconds(20))
        }
    }

    @Test func theErrorOfTheReaderPassesUnchanged() async throws {
        struct Stop: Error {}
        let rig = try await Rig.running()
        let (name, _) = try rig.file(10_000)
        try await withClient { client in
            let file = try await HTTPFile(try WebAddress("\(rig.servers.nginx.http)/\(name)"), client: client)
            await #expect(throws: Stop.self) { try await file.read(0..<10_000) { _ in throw Stop() } }
            await expectError(.badArgument, "not within") { _ = try await file.bytes(0..<10_001) }
        }
    }

    @Test func aSlowReaderIsNoStall() async throws {
        let rig = try await Rig.running()
        let (name, bytes) = try rig.file(4_000_000)
        let warnings = Collector<Warning>()
        var options = quickOptions()
        options.stallTimeout = .seconds(3)
        options.warn = { warnings.add($0) }
        try await withClient(options) { client in
            let file = try await HTTPFile(try WebAddress("\(rig.servers.nginx.http)/\(name)"), client: client)
            let count = Collector<Int>()
            try await file.read(0..<bytes.count) { piece in
                if count.all.isEmpty { Thread.sleep(forTimeInterval: 4) }
                count.add(piece.count)
            }
            #expect(count.all.reduce(0, +) == bytes.count)
            #expect(warnings.all.isEmpty)
        }
    }

    @Test func aServerThatCantBeReachedIsAnError() async throws {
        await expectError(.network, "refuses connections") {
            try await withClient {
                _ = try await HTTPFile(try WebAddress("http://127.0.0.1:1/x"), client: $0)
            }
        }
        await expectError(.network, "there is no server `nowhere.invalid`") {
            var options = quickOptions()
            options.allowsPlainHTTP = true
            try await withClient(options) { client in
                _ = try await HTTPFile(try WebAddress("http://nowhere.invalid/x"), client: client)
            }
        }
        let rig = try await Rig.running()
        await expectError(.network, "does not speak TLS") {
            let plain = rig.servers.nginx.http.replacing("http://", with: "https://")
            try await withClient { _ = try await HTTPFile(try WebAddress("\(plain)/x"), client: $0) }
        }
    }
}
