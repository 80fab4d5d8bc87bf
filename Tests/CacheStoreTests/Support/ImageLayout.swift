import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// An image layout on disk, read with as little of the library as possible.
struct ImageLayout {
    let path: FilePath
    let index: [String: Any]
    let manifest: [String: Any]
    let configuration: [String: Any]

    init(_ path: FilePath) throws {
        self.path = path
        index = try Self.object(path.appending("index.json"))
        let first = try #require((index["manifests"] as? [[String: Any]])?.first)
        manifest = try Self.object(Self.blob(first, in: path))
        configuration = try Self.object(Self.blob(#require(manifest["config"] as? [String: Any]), in: path))
    }

    /// The descriptors of the layers.
    var layers: [[String: Any]] { manifest["layers"] as? [[String: Any]] ?? [] }

    /// The digests of the layers.
    var digests: [String] { layers.compactMap { $0["digest"] as? String } }

    /// The `diff_id`s of the layers.
    var diffIDs: [String] { (configuration["rootfs"] as? [String: Any])?["diff_ids"] as? [String] ?? [] }

    /// The environment variables of the image.
    var environment: [String] { (configuration["config"] as? [String: Any])?["Env"] as? [String] ?? [] }

    /// The names of all blobs.
    var blobs: [String] {
        get throws { try Directory(opening: path.appending("blobs").appending("sha256")).names().valid }
    }

    /// Checks the layout against the demands of the specification.
    ///
    /// The check covers the names, sizes and digests of all blobs, and the hashes of the layers as the
    /// system's tools decode them.
    func check(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let layout = try Self.object(path.appending("oci-layout"))
        #expect(layout["imageLayoutVersion"] as? String == "1.0.0", sourceLocation: sourceLocation)
        for name in try blobs {
            let id = try Files.id(path.appending("blobs/sha256").appending(name))
            #expect(id.description == name, sourceLocation: sourceLocation)
        }
        let descriptors = layers + [manifest["config"] as? [String: Any] ?? [:]]
        for descriptor in descriptors {
            let size = try Files.bytes(Self.blob(descriptor, in: path)).count
            #expect(descriptor["size"] as? Int == size, sourceLocation: sourceLocation)
        }
        for (layer, diffID) in zip(layers, diffIDs) {
            let digest = try shell("\(decoder(layer)) | sha256sum", Self.blob(layer, in: path).string)
            #expect("sha256:\(digest.prefix(64))" == diffID, sourceLocation: sourceLocation)
        }
        #expect(layers.count == diffIDs.count, sourceLocation: sourceLocation)
        let history = configuration["history"] as? [[String: Any]] ?? []
        let count = history.count { $0["empty_layer"] as? Bool != true }
        #expect(count == layers.count, sourceLocation: sourceLocation)
    }

    /// Unpacks all layers with the tools of the system.
    func unpack(to target: FilePath) throws {
        try Files.makeDirectory(target)
        for layer in layers {
            let tar = #"tar -x -p --same-owner --delay-directory-restore --warning=no-timestamp -C "$1""#
            try shell("\(decoder(layer)) | \(tar)", Self.blob(layer, in: path).string, target.string)
        }
    }

    private func decoder(_ layer: [String: Any]) -> String {
        let type = layer["mediaType"] as? String ?? ""
        if type.hasSuffix(".tar") { return #"cat <"$0""# }
        return type.hasSuffix("+gzip") ? #"gzip -dc <"$0""# : #"zstd -dcq <"$0""#
    }

    private static func blob(_ descriptor: [String: Any], in path: FilePath) throws -> FilePath {
        let digest = try #require(descriptor["digest"] as? String)
        return path.appending("blobs/sha256").appending(String(digest.dropFirst("sha256:".count)))
    }

    private static func object(_ path: FilePath) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(try Files.bytes(path)))
        return try #require(value as? [String: Any])
    }
}

/// Runs a shell command, which must succeed.
///
/// - Returns: The standard output of the command.
@discardableResult
func shell(_ script: String, _ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/bash")
    process.arguments = ["-euo", "pipefail", "-c", script] + arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let status = process.terminationStatus
    try #require(status == 0, "\(script) \(arguments): status \(status)")
    return String(decoding: data, as: UTF8.self)
}

extension Workbench {
    /// Writes an archive as an image for `amd64`.
    @discardableResult
    func image(
        _ archive: FilePath,
        to name: String,
        configure: (inout Layers.Options) -> Void = { _ in }
    ) async throws -> (layout: ImageLayout, report: Layers.Report) {
        var options = Layers.Options()
        options.architecture = "amd64"
        configure(&options)
        let output = path(name)
        let report = try await Layers(options: options).run(Archive(opening: archive), to: output)
        return (try ImageLayout(output), report)
    }
}
