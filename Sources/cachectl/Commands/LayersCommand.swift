import ArgumentParser
import CacheStore
import CacheStoreRemote
import SystemPackage

/// `cachectl layers`: an image made of the caches in an archive.
struct LayersCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "layers",
        abstract: "Write the caches of an archive as layers of an image.",
        discussion: """
            Writes an OCI image layout whose layers hold the files that `restore` would make. \
            No cache is restored on the way, and the same archive gives the same bytes.

            With --push, the same image goes to a registry: each layer as soon as it is made, \
            unless the repository has it. The tag names the new image only when all of it is \
            there. Credentials are those of docker and podman (`docker login`).

            With --include and --exclude, the image holds modules and compiled packages by their \
            names, as `cachectl select` would keep them. A pattern must match a whole name: a \
            module path, with or without @ and the version, or an import path; `*` also matches \
            `/`, and `std` means Go's own packages.

            Examples:
              cachectl layers all.castore -o caches
              cachectl layers all.castore -o image --base oci:base:bookworm --tag latest
              cachectl layers all.castore -o aws --only aws --split
              cachectl layers all.castore -o small --exclude 'k8s.io/*'
              cachectl layers all.castore --push oci://ghcr.io/acme/caches:v2 --split
              cachectl layers all.castore --push oci://ghcr.io/a/go --base oci://ghcr.io/b
              skopeo copy --preserve-digests oci:caches docker://REGISTRY/NAME:TAG
            """
    )

    @Argument(help: ArgumentHelp("The archive to write.", valueName: "archive"), completion: .file())
    var archive: ArchiveArgument

    @OptionGroup
    var output: LayoutOptions

    @OptionGroup
    var caches: ImageCaches

    @Option(
        help: ArgumentHelp("Take only what these sources hold. (default: all)", valueName: "label,..."),
        transform: CommaList.values
    )
    var only: [[String]] = []

    @OptionGroup
    var patterns: NamePatterns

    @Flag(help: "Cut the caches by source and module, so that images share layers and later ones reuse most.")
    var split = false

    @Option(
        help: ArgumentHelp(
            "The users of the caches: `image` for any users of a writable copy, `readonly` for users who "
                + "can't write to it. (default: image)",
            valueName: "image|readonly"
        ),
        transform: CacheProfile.read
    )
    var profile = CacheProfile.image

    @Option(
        help: ArgumentHelp(
            "The compression of layers: `gzip` is for engines that do not know `zstd`. (default: zstd)",
            valueName: "zstd|gzip"
        ),
        transform: Self.readCompression
    )
    var compression = Layers.Options.Compression.zstd

    @Option(
        help: ArgumentHelp(
            "The compression level, 1 to 19, or 1 to 9 for gzip. (default: 3, or 6 for gzip)",
            valueName: "n"
        )
    )
    var level: Int?

    @Option(
        help: ArgumentHelp("The owner of what is created. (default: 0:0)", valueName: "uid:gid"),
        transform: Self.readOwner
    )
    var owner = FileOwner()

    @Option(
        help: ArgumentHelp(
            "The image to build on: in a layout, with its tag if that holds several images, or in a "
                + "registry, as `oci://REGISTRY/REPOSITORY:TAG`. Its links are followed, "
                + "directories above the caches keep owner and mode, and what a restore would remove is "
                + "removed.",
            valueName: "oci:dir[:tag]|oci://..."
        ),
        transform: Self.readBase
    )
    var base: Base?

    @Flag(inversion: .prefixedNo, help: "Set GOCACHE and GOMODCACHE in the image's environment.")
    var env = true

    @Option(
        help: ArgumentHelp(
            "The name of the image in its layout; with --push, a second tag.",
            valueName: "tag"
        )
    )
    var tag: String?

    @Option(
        help: ArgumentHelp(
            "The architecture, as Go names it, perhaps with a variant: `arm64`, `arm/v7`. "
                + "(default: the base's, or that of the sources)",
            valueName: "goarch"
        )
    )
    var arch: String?

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        let options = options
        try OptionCheck.run { () throws(CacheStoreError) in try options.check() }
        guard let tag, case .registry(let address) = try output.place else { return }
        let name = "oci://\(address.registry)/\(address.repository):\(tag)"
        guard (try? RegistryAddress(name))?.reference == .tag(tag) else {
            throw ValidationError("`\(tag)` is not a tag of a registry")
        }
    }

    /// The image that was made, and what was sent of it.
    private struct Outcome: Sendable {
        var image: Layers.Report
        var push: LayersPush.Report?
    }

    func run() async throws {
        let archive = try await archive.open()
        var (outcome, time) =
            switch try output.place {
            case .layout(let path):
                try await common.perform(
                    consequence: "no image was written",
                    needsAll: true
                ) { [layers = Layers(options: options), remoteBase] progress in
                    guard let remoteBase else {
                        return Outcome(image: try await layers.run(archive, to: path, progress: progress))
                    }
                    let image = try await layers.run(
                        archive,
                        above: remoteBase,
                        client: Remote.client,
                        scratch: ProgramPlaces.temporary(),
                        to: path,
                        progress: progress
                    )
                    return Outcome(image: image)
                }
            case .registry(let address):
                try await common.perform(
                    consequence: "the tag names what it named before",
                    needsAll: true
                ) { [pushOptions = try pushOptions(address)] progress in
                    let report = try await LayersPush(options: pushOptions).run(
                        archive,
                        to: address,
                        client: Remote.client,
                        progress: progress
                    )
                    return Outcome(image: report.image, push: report)
                }
            }
        outcome.image.warnings = outcome.image.warnings.map(\.namingModuleCacheOption)
        common.show(outcome.image.warnings)
        let name = try output.name
        try common.write(json(outcome, name, time), summary(outcome, name, time))
    }

    private func pushOptions(_ address: RegistryAddress) throws -> LayersPush.Options {
        var push = LayersPush.Options()
        push.image = options
        push.base = remoteBase
        push.tags = [tag].compactMap(\.self)
        push.mountedRepository = try Remote.mounted(output.mountFrom, by: address)
        push.scratch = ProgramPlaces.temporary()
        return push
    }

    private var options: Layers.Options {
        var options = Layers.Options()
        options.caches = caches.directories
        options.only = only.isEmpty ? nil : only.flatMap(\.self)
        (options.included, options.excluded) = (patterns.include, patterns.exclude)
        options.profile = profile
        options.splits = split
        options.owner = owner
        options.compression = compression
        options.level = level
        if case .layout(let place) = base { options.base = place }
        options.setsEnvironment = env
        options.tag = tag
        options.architecture = arch
        options.overwrite = output.force
        options.jobs = common.jobs
        return options
    }

    // MARK: - Reading

    @Sendable
    private static func readCompression(_ name: String) throws -> Layers.Options.Compression {
        guard let choice = Layers.Options.Compression(rawValue: name) else {
            throw ValidationError("it must be `zstd` or `gzip`")
        }
        return choice
    }

    @Sendable
    private static func readOwner(_ text: String) throws -> FileOwner {
        let numbers = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 2, let user = numbers[0], let group = numbers[1] else {
            throw ValidationError("it must be two numbers, as in `1000:1000`")
        }
        return FileOwner(user: user, group: group)
    }

    /// An image to build on.
    enum Base: Sendable {
        /// An image in a layout.
        case layout(Layers.Options.BaseReference)
        /// An image in a registry.
        case registry(RegistryAddress)
    }

    @Sendable
    private static func readBase(_ text: String) throws -> Base {
        if text.lowercased().hasPrefix("oci://") {
            do {
                return .registry(try RegistryAddress(text))
            } catch {
                throw ValidationError(error.summary)
            }
        }
        let parts = text.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0] == "oci", !parts[1].isEmpty, parts.last?.isEmpty == false else {
            throw ValidationError(
                "it must be an image layout, as in `oci:DIR` or `oci:DIR:TAG`, or an image in a registry, "
                    + "as in `oci://REGISTRY/REPOSITORY:TAG`"
            )
        }
        return .layout(
            Layers.Options.BaseReference(
                layout: FilePath(String(parts[1])),
                tag: parts.count > 2 ? String(parts[2]) : nil
            )
        )
    }

    /// The image in a registry to build on, if there is one.
    private var remoteBase: RegistryAddress? {
        if case .registry(let address) = base { address } else { nil }
    }

    // MARK: - Writing

    private func summary(_ outcome: Outcome, _ name: String, _ time: Duration) -> [String] {
        let report = outcome.image
        var table = Table(
            .left("layer"),
            .right("content"),
            .right("size"),
            .right("copied"),
            .left("digest")
        )
        for layer in report.layers {
            table.append(
                layer.title,
                HumanFormat.bytes(layer.tarBytes),
                HumanFormat.bytes(layer.bytes),
                HumanFormat.bytes(layer.splicedBytes),
                String(layer.digest.description.prefix(12))
            )
        }
        let size = report.layers.reduce(0) { $0 + $1.bytes }
        let layers = HumanFormat.count(report.layers.count, "layer", "layers")
        var lines = [
            "\(outcome.push == nil ? "wrote" : "pushed") \(layers) of \(HumanFormat.bytes(size)) to "
                + "`\(HumanFormat.printable(name))` in \(HumanFormat.duration(time))",
            "",
        ]
        lines += table.lines
        if report.baseLayers > 0 {
            let layers = HumanFormat.count(report.baseLayers, "layer", "layers")
            lines += ["", "above \(layers) of the base, \(HumanFormat.bytes(report.baseBytes))"]
        }
        lines.append("")
        if let push = outcome.push {
            lines.append(
                Remote.sent(push.sentBytes, present: push.presentBytes, mounted: push.mountedBytes)
            )
        }
        lines += ["goarch    \(HumanFormat.printable(report.architecture))"]
        return lines + ["manifest  sha256:\(report.manifestDigest)", "archive   \(report.archiveDigest)"]
    }

    private func json(_ outcome: Outcome, _ name: String, _ time: Duration) -> JSONValue {
        let (report, push) = (outcome.image, outcome.push)
        let layers = report.layers.map { layer in
            ([
                "title": .string(layer.title),
                "sources": .strings(layer.sources),
                "digest": .string("sha256:\(layer.digest)"),
                "diff_id": .string("sha256:\(layer.diffID)"),
                "bytes": .integer(layer.bytes),
                "tar_bytes": .integer(layer.tarBytes),
                "spliced_bytes": .integer(layer.splicedBytes),
            ] as JSONValue)
        }
        return [
            "schema": "cachectl.layers/1",
            "archive": .string(archive.name),
            "digest": .string(report.archiveDigest.description),
            "layout": .optional(output.output),
            "address": .optional(push == nil ? nil : name),
            "manifest": .string("sha256:\(report.manifestDigest)"),
            "config": .string("sha256:\(report.configurationDigest)"),
            "architecture": .string(report.architecture),
            "layers": .array(layers),
            "base_layers": .integer(report.baseLayers),
            "base_bytes": .integer(report.baseBytes),
            "sent_bytes": .optional(push?.sentBytes),
            "present_bytes": .optional(push?.presentBytes),
            "mounted_bytes": .optional(push?.mountedBytes),
            "warnings": .warnings(report.warnings),
            "milliseconds": .milliseconds(time),
        ]
    }
}
