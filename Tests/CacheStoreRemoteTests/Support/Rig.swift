import CacheStore
import Foundation
import NIOHTTP1
import Testing

@testable import CacheStoreRemote

/// The servers of `Tests/remote/servers.py`, which all tests share.
final class Rig: Sendable {
    /// The addresses and secrets that `servers.py` prints.
    struct Servers: Decodable, Sendable {
        struct Server: Decodable, Sendable {
            var url: String
            var host: String
        }
        struct Web: Decodable, Sendable {
            var http: String
            var https: String
            var untrusted: String
            var wrong_name: String
        }
        struct Proxy: Decodable, Sendable {
            var url: String
            var localhost: String
            var host: String
        }
        var files: String
        var ca: String
        var user: String
        var password: String
        var identity_token: String
        var registry: Server
        var registry_auth: Server
        var registry_token: Server
        var nginx: Web
        var proxy: [String: Proxy]
        var control: String
    }

    let servers: Servers
    private let input: Pipe
    private static let shared = Task { try await start() }

    private init(_ servers: Servers, _ input: Pipe) { (self.servers, self.input) = (servers, input) }

    /// Returns the servers; the first test starts them.
    static func running() async throws -> Rig { try await shared.value }

    private static func start() async throws -> Rig {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let directory = FileManager.default.temporaryDirectory.appending(path: "remote-\(UUID())")
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", root.appending(path: "remote/servers.py").path, "--directory", directory.path,
        ]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let piece = output.fileHandleForReading.availableData
            guard !piece.isEmpty else {
                throw CacheStoreError(
                    .io,
                    "servers.py did not start: \(String(decoding: line, as: UTF8.self))"
                )
            }
            line += piece
        }
        return Rig(try JSONDecoder().decode(Servers.self, from: line), input)
    }

    /// Writes a file of random bytes that nginx serves.
    ///
    /// - Returns: The name and the bytes.
    func file(_ count: Int) throws -> (name: String, bytes: [UInt8]) {
        let name = "\(UUID()).castore"
        let bytes = randomBytes(count)
        try Data(bytes).write(to: URL(filePath: servers.files).appending(path: name))
        return (name, bytes)
    }

    /// Opens a proxy of a test's own that breaks things.
    func proxy(_ target: String, _ rules: [Rule] = [], _ more: [String: any Sendable] = [:]) async throws
        -> BreakingProxy
    {
        var order: [String: Any] = ["target": target]
        for (key, value) in more { order[key] = value }
        let data = try JSONSerialization.data(withJSONObject: order)
        let answer = try await http("POST", servers.control + "/.proxies", Array(data), ca: servers.ca)
        let proxy = BreakingProxy(
            try JSONDecoder().decode(Servers.Proxy.self, from: Data(answer)),
            ca: servers.ca
        )
        try await proxy.set(rules)
        return proxy
    }
}

/// One rule of the breaking proxy; see `Tests/remote/rules.py`.
typealias Rule = [String: any Sendable]

/// A proxy that breaks things by rules.
struct BreakingProxy: Sendable {
    /// One request that came to the proxy.
    struct Entry: Decodable, Sendable {
        var method: String
        var path: String
        var status: Int?
        var received: Int
        var sent: Int
        var action: String?
        var headers: [[String]]

        /// Returns the value of a header, or `nil`.
        func header(_ name: String) -> String? {
            headers.first { $0[0].lowercased() == name }.map { $0[1] }
        }
    }

    let url: String
    let localhost: String
    let host: String
    private let ca: String

    init(_ proxy: Rig.Servers.Proxy, ca: String) {
        self.ca = ca
        (url, localhost, host) = (proxy.url, proxy.localhost, proxy.host)
    }

    /// Replaces the rules, and forgets the requests so far.
    func begin(_ rules: [Rule]) async throws {
        let order: [String: Any] = ["rules": rules, "clear_log": true]
        _ = try await http(
            "POST",
            url + "/.control",
            Array(try JSONSerialization.data(withJSONObject: order)),
            ca: ca
        )
    }

    /// Replaces the rules.
    func set(_ rules: [Rule]) async throws {
        _ = try await http(
            "POST",
            url + "/.control",
            Array(try JSONSerialization.data(withJSONObject: rules)),
            ca: ca
        )
    }

    /// The requests so far.
    func log() async throws -> [Entry] {
        try JSONDecoder().decode([Entry].self, from: Data(try await http("GET", url + "/.log", nil, ca: ca)))
    }
}

/// Returns random bytes.
func randomBytes(_ count: Int) -> [UInt8] {
    var generator = SystemRandomNumberGenerator()
    var bytes: [UInt8] = []
    while bytes.count < count { unsafe withUnsafeBytes(of: generator.next()) { unsafe bytes += $0 } }
    return Array(bytes.prefix(count))
}

/// Sends a request to a server of the rig, outside of what is tested.
private func http(_ method: String, _ url: String, _ body: [UInt8]?, ca: String) async throws -> [UInt8] {
    var options = RemoteOptions()
    options.environment = ["SSL_CERT_FILE": ca]
    let client = RemoteClient(options: options)
    let request = WebRequest(
        method: HTTPMethod(rawValue: method),
        address: try WebAddress(url),
        body: body.map { .bytes($0) }
    )
    let answer = try await client.send(request) { response in
        (response.status, try await response.bytes(upTo: 64 << 20) ?? [])
    }
    await client.shutdown()
    guard (200...299).contains(answer.0) else {
        throw CacheStoreError(
            .io,
            "\(method) \(url): \(answer.0) \(String(decoding: answer.1, as: UTF8.self))"
        )
    }
    return answer.1
}
