/// The platform that an image is for.
///
/// Source: the OCI image specification, `image-index.md`, "platform".
struct ImagePlatform: Hashable, Sendable {
    /// The operating system, as Go names it.
    var system = "linux"

    /// The architecture, as Go names it.
    var architecture: String

    /// The variant of the architecture, for example `v7`.
    var variant: String?

    /// The platform in words, for example `linux/arm/v7`.
    var text: String { "\(system)/\(architecture)" + (variant.map { "/\($0)" } ?? "") }

    /// Creates a platform of Linux from an architecture and perhaps a variant: `arm64`, `arm/v7` or
    /// `linux/arm/v7`.
    ///
    /// The result is `nil` for other text.
    init?(argument: String) {
        var parts = argument.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        if parts.count > 1, parts[0] == "linux" { parts.removeFirst() }
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && part.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
        }
        guard isPlain, parts.count <= 2 else { return nil }
        architecture = parts[0]
        variant = parts.count > 1 ? parts[1] : nil
    }

    /// Creates a platform from the `platform` of a descriptor, or from a configuration, which has the same
    /// keys.
    ///
    /// The result is `nil` if the document names no architecture.
    init?(_ document: JSONValue?) {
        guard let name = document?["architecture"]?.string, !name.isEmpty else { return nil }
        architecture = name
        if let name = document?["os"]?.string, !name.isEmpty { system = name }
        if let name = document?["variant"]?.string, !name.isEmpty { variant = name }
    }

    /// Whether this is the platform of documents that are no images, for example of attestations.
    var isUnknown: Bool { architecture == "unknown" }

    /// The version of the architecture, by the number of the variant; a missing variant counts as the one
    /// that engines assume (`Normalize` of containerd's `platforms`).
    private var level: Int {
        if let variant { return Int(variant.drop { $0 == "v" }.prefix { $0.isNumber }) ?? 0 }
        switch architecture {
        case "arm": return 7
        case "arm64": return 8
        default: return 1
        }
    }

    /// Returns the platforms that fit this one best: of the same architecture, the highest variant that is
    /// not above this one.
    ///
    /// A platform without a variant takes the lowest variant if all are above.
    func best(of others: [Self]) -> [Self] {
        let same = others.filter { $0.architecture == architecture }
        let highest = same.map(\.level).filter { $0 <= level }.max()
        let best = highest ?? (variant == nil ? same.map(\.level).min() : nil)
        return same.filter { $0.level == best }
    }
}
