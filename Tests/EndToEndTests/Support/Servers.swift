import Foundation

/// The registries and web servers of `Tests/remote/servers.py`, which all tests share, on this machine.
final class Servers: Sendable {
    /// The addresses and secrets that `servers.py` prints.
    struct Facts: Decodable, Sendable {
        struct Registry: Decodable, Sendable { var host: String }
        struct Web: Decodable, Sendable {
            var https: String
            var untrusted: String
        }
        var files: String
        var ca: String
        var user: String
        var password: String
        var registry: Registry
        var registry_auth: Registry
        var nginx: Web
        var control: String
    }

    /// A proxy that breaks things by the rules of `Tests/remote/rules.py`.
    struct Proxy: Decodable, Sendable {
        var url: String
        var host: String
    }

    let facts: Facts

    /// The servers end when this pipe ends.
    private let input: Pipe

    private static let shared = Task { try await start() }

    private init(_ facts: Facts, _ input: Pipe) { (self.facts, self.input) = (facts, input) }

    /// Returns the servers; the first test starts them.
    static func running() async throws -> Servers { try await shared.value }

    private static func start() async throws -> Servers {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(fileURLWithPath: try Tools.python())
        process.arguments = [
            "\(Tools.repository)/Tests/remote/servers.py", "--directory",
            try Scratch.shared.directory("servers"),
        ]
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        var line = Data()
        while !line.contains(UInt8(ascii: "\n")) {
            let piece = output.fileHandleForReading.availableData
            guard !piece.isEmpty else { throw Program.Failure(description: "servers.py did not start") }
            line += piece
        }
        return Servers(try JSONDecoder().decode(Facts.self, from: line), input)
    }

    /// Serves a copy of a file, and returns its address.
    func serve(_ path: String) throws -> String {
        let name = "\(UUID()).castore"
        try FileManager.default.copyItem(atPath: path, toPath: "\(facts.files)/\(name)")
        return "\(facts.nginx.https)/\(name)"
    }

    /// Returns a new repository of the registry, or of a proxy before it.
    func repository(_ host: String? = nil) -> String {
        "oci://\(host ?? facts.registry.host)/\(UUID().uuidString.lowercased())"
    }

    /// Opens a proxy of a test's own.
    func proxy(_ target: String, _ rules: [[String: any Sendable]] = []) async throws -> Proxy {
        let order: [String: any Sendable] = ["target": target, "rules": rules]
        return try JSONDecoder().decode(Proxy.self, from: await post(order, "\(facts.control)/.proxies"))
    }

    /// Replaces the rules of a proxy.
    func set(_ rules: [[String: any Sendable]], of proxy: Proxy) async throws {
        _ = try await post(rules, "\(proxy.url)/.control")
    }

    /// Returns the requests that came to a proxy, each as an object of JSON.
    func log(of proxy: Proxy) async throws -> [[String: Any]] {
        let text = try await curl(["\(proxy.url)/.log"])
        return try JSONSerialization.jsonObject(with: text) as? [[String: Any]] ?? []
    }

    private func post(_ body: Any, _ address: String) async throws -> Data {
        let data = try JSONSerialization.data(withJSONObject: body)
        return try await curl(["--data-binary", String(decoding: data, as: UTF8.self), address])
    }

    private func curl(_ arguments: [String]) async throws -> Data {
        let program = Program(path: try Tools.system("curl"), environment: [:], directory: "/")
        return Data(try await program.succeed(["-sS", "--fail"] + arguments).output.utf8)
    }
}

extension Workspace {
    /// Returns `cachectl` with the certificate of the servers, and further settings.
    func remote(_ settings: [String: String] = [:]) async throws -> Program {
        var program = try cachectl
        program.environment["SSL_CERT_FILE"] = try await Servers.running().facts.ca
        program.environment["TMPDIR"] = try Scratch.shared.directory("remote-tmp")
        program.environment.merge(settings) { $1 }
        return program
    }
}
