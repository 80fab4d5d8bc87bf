import FoundationEssentials

/// The JSON documents of an image: configuration, manifest and index.
///
/// Source: the OCI image specification, `config.md`, `manifest.md` and `image-index.md`.
enum ImageDocuments {
    /// The media types.
    enum MediaType {
        static let index = "application/vnd.oci.image.index.v1+json"
        static let manifest = "application/vnd.oci.image.manifest.v1+json"
        static let configuration = "application/vnd.oci.image.config.v1+json"
        static let dockerList = "application/vnd.docker.distribution.manifest.list.v2+json"
        static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"

        /// The types of an image's configuration: all other types belong to artifacts.
        static let configurations: Set = [
            configuration, "application/vnd.docker.container.image.v1+json", "application/json",
            "application/octet-stream",
        ]

        /// Returns the type of a layer, by the name of its compression.
        static func layer(_ compression: String?) -> String {
            "application/vnd.oci.image.layer.v1.tar" + (compression.map { "+\($0)" } ?? "")
        }

        /// Returns OCI's type for a layer of Docker's type, or `nil` for other types.
        ///
        /// The blob is the same. Some engines refuse Docker's types in an OCI manifest: umoci 0.4.7 does.
        static func layer(ofDocker type: String) -> String? {
            let (prefix, foreign) = ("application/vnd.docker.image.rootfs.", "foreign.")
            guard type.hasPrefix(prefix) else { return nil }
            var rest = type.dropFirst(prefix.count)
            let isForeign = rest.hasPrefix(foreign)
            if isForeign { rest = rest.dropFirst(foreign.count) }
            guard rest.hasPrefix("diff.tar") else { return nil }
            let compression = rest.dropFirst("diff.tar".count).drop { $0 == "." || $0 == "+" }
            let type = layer(compression.isEmpty ? nil : String(compression))
            return isForeign ? type.replacing("layer.v1", with: "layer.nondistributable.v1") : type
        }
    }

    /// The names of annotations.
    enum Annotation {
        static let name = "org.opencontainers.image.ref.name"
        static let containerdName = "io.containerd.image.name"
        static let reference = "vnd.docker.reference.type"
        static let baseDigest = "org.opencontainers.image.base.digest"
        static let archive = "cachestore.archive.digest"
        static let sources = "cachestore.sources"
    }

    /// The text of ``LayerMaker/time`` in the documents.
    static let time = "1980-01-01T00:00:00Z"

    /// Returns the text of a digest in the documents.
    static func text(_ digest: ObjectID) -> String { "sha256:\(digest)" }

    /// Returns a descriptor, which refers to a blob.
    static func descriptor(
        _ type: String,
        _ digest: ObjectID,
        size: Int
    ) -> [(key: String, value: JSONValue)] {
        [
            ("mediaType", .string(type)), ("digest", .string(text(digest))), ("size", .integer(size)),
        ]
    }

    /// Returns the configuration of an image.
    ///
    /// - Parameters:
    ///   - base: The configuration of the base image, if there is one.
    ///   - baseLayers: The number of the base image's layers.
    ///   - layers: The layers above the base.
    ///   - architecture: The architecture, and its variant.
    ///   - variables: The variables to set in the environment of the image.
    /// - Returns: The configuration.
    static func configuration(
        base: JSONValue?,
        baseLayers: Int,
        layers: [Layers.Report.Layer],
        architecture: (name: String, variant: String?),
        variables: [(name: String, value: String)]
    ) -> JSONValue {
        var document = base ?? .object([])
        if base == nil { document["created"] = .string(time) }
        document["architecture"] = .string(architecture.name)
        if let variant = architecture.variant { document["variant"] = .string(variant) }
        if document["os"] == nil { document["os"] = "linux" }
        var settings = document["config"] ?? .object([])
        var environment = settings["Env"]?.strings ?? []
        for (name, value) in variables {
            environment.removeAll { $0.hasPrefix("\(name)=") }
            environment.append("\(name)=\(value)")
        }
        if !environment.isEmpty { settings["Env"] = .strings(environment) }
        if settings.members?.isEmpty == false { document["config"] = settings }
        let below = document["rootfs"]?["diff_ids"]?.strings ?? []
        document["rootfs"] = [
            "type": "layers", "diff_ids": .strings(below + layers.map { text($0.diffID) }),
        ]
        // A history has one entry per layer, and further entries that say so. Layers that the base's history
        // lacks get entries that hold only a time. A history of more layers than there are is of no use.
        var history = document["history"]?.elements ?? []
        var stated = history.count { !($0["empty_layer"]?.boolean ?? false) }
        if stated > baseLayers { (history, stated) = ([], 0) }
        history += Array(repeating: ["created": .string(time)], count: baseLayers - stated)
        document["history"] = .array(
            history
                + layers.map {
                    ["created": .string(time), "created_by": .string("cachectl layers: \($0.title)")]
                }
        )
        return document
    }

    /// Returns the manifest of an image.
    static func manifest(
        configuration: (digest: ObjectID, size: Int),
        baseLayers: [JSONValue],
        layers: [Layers.Report.Layer],
        compression: Layers.Options.Compression,
        annotations: [(key: String, value: JSONValue)]
    ) -> JSONValue {
        let type = MediaType.layer(compression.rawValue)
        return [
            "schemaVersion": .integer(2),
            "mediaType": .string(MediaType.manifest),
            "config": .object(
                descriptor(MediaType.configuration, configuration.digest, size: configuration.size)
            ),
            "layers": .array(
                baseLayers + layers.map { .object(descriptor(type, $0.digest, size: $0.bytes)) }
            ),
            "annotations": .object(annotations),
        ]
    }

    /// Returns the index of a layout with one image.
    static func index(
        manifest: (digest: ObjectID, size: Int),
        architecture: (name: String, variant: String?),
        system: String,
        tag: String?
    ) -> JSONValue {
        var platform: [(key: String, value: JSONValue)] = [
            ("architecture", .string(architecture.name)), ("os", .string(system)),
        ]
        if let variant = architecture.variant { platform.append(("variant", .string(variant))) }
        var entry = descriptor(MediaType.manifest, manifest.digest, size: manifest.size)
        entry.append(("platform", .object(platform)))
        if let tag { entry.append(("annotations", .object([(Annotation.name, .string(tag))]))) }
        return [
            "schemaVersion": .integer(2),
            "mediaType": .string(MediaType.index),
            "manifests": .array([.object(entry)]),
        ]
    }
}

extension JSONValue {
    /// Reads a JSON document (RFC 8259); the keys of objects are sorted.
    init?(_ bytes: [UInt8]) {
        guard let value = try? JSONDecoder().decode(Parsed.self, from: Data(bytes)) else { return nil }
        self = value.value
    }

    private struct Parsed: Decodable {
        var value: JSONValue

        init(from decoder: any Decoder) throws {
            let single = try decoder.singleValueContainer()
            if single.decodeNil() {
                value = .null
            } else if let boolean = try? single.decode(Bool.self) {
                value = .boolean(boolean)
            } else if let integer = try? single.decode(Int.self) {
                value = .integer(integer)
            } else if let string = try? single.decode(String.self) {
                value = .string(string)
            } else if let array = try? single.decode([Parsed].self) {
                value = .array(array.map(\.value))
            } else {
                // No document of an image contains a number with a fraction.
                value = .sorted(try single.decode([String: Parsed].self).mapValues(\.value))
            }
        }
    }

    /// The members of an object, or `nil` for any other value.
    var members: [(key: String, value: JSONValue)]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The elements of an array, or `nil` for any other value.
    var elements: [JSONValue]? {
        if case .array(let elements) = self { elements } else { nil }
    }

    /// The text of a string, or `nil` for any other value.
    var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// The value of a truth value, or `nil` for any other value.
    var boolean: Bool? {
        if case .boolean(let value) = self { value } else { nil }
    }

    /// The value of an integer, or `nil` for any other value.
    var integer: Int? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// The strings of an array that holds only strings, or `nil` for any other value.
    var strings: [String]? {
        guard let elements else { return nil }
        let strings = elements.compactMap(\.string)
        return strings.count == elements.count ? strings : nil
    }

    /// The member that an object has under a key.
    ///
    /// Setting a member of a value that is not an object makes the value an object.
    subscript(key: String) -> JSONValue? {
        get { members?.first { $0.key == key }?.value }
        set {
            var members = members ?? []
            let position = members.firstIndex { $0.key == key }
            if let position { members.remove(at: position) }
            if let newValue { members.insert((key, newValue), at: position ?? members.count) }
            self = .object(members)
        }
    }

    /// Returns a list of strings.
    package static func strings(_ values: [String]) -> JSONValue { .array(values.map { .string($0) }) }
}
