import ArgumentParser
import CacheStore
import CacheStoreRemote

/// `cachectl push`: archives written to a registry.
struct PushCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Write archives to a registry.",
        discussion: """
            Each archive becomes a layer of an artifact, and the tag names their union: other \
            commands read it as `oci://REGISTRY/REPOSITORY:TAG`. What the repository has is not \
            sent again. The tag names the new artifact only when all of it is there; a tag \
            that names an image is refused.

            With --onto, only the frames are sent that another tag of the repository lacks, \
            and the new tag names exactly the one archive. Where there is no such tag yet, the \
            whole archive is sent, and so it is after some releases, when the old frames \
            have become too many.

            Credentials are those of docker and podman (`docker login`); for ghcr.io, \
            `GITHUB_TOKEN` is enough. Plain HTTP is used only with this machine, or with \
            `CACHECTL_PLAIN_HTTP=1`.

            Examples:
              cachectl push all.castore oci://ghcr.io/acme/caches:v2
              cachectl push all.castore oci://ghcr.io/acme/caches:v2 --onto v1
              cachectl push all.castore oci://ghcr.io/acme/caches:v2 --tag latest
              cachectl push aws.castore gcp.castore oci://localhost:5000/caches
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The archives, and the address `oci://REGISTRY/REPOSITORY:TAG` last.",
            valueName: "archive-and-address"
        ),
        completion: .file()
    )
    var words: [String]

    @Option(
        help: ArgumentHelp(
            "Send only what this tag of the repository, or this digest, does not have.",
            valueName: "tag"
        )
    )
    var onto: String?

    @Option(
        name: .customLong("tag"),
        help: ArgumentHelp("Give the artifact this name, too; may be repeated.", valueName: "tag")
    )
    var tags: [String] = []

    @Option(
        help: ArgumentHelp(
            "Have the registry take blobs that this repository has, in place of sending them.",
            valueName: "repository"
        )
    )
    var mountFrom: String?

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        guard words.count > 1, let last = words.last else {
            throw ValidationError("the archives come first, and `oci://REGISTRY/REPOSITORY:TAG` comes last")
        }
        guard last.lowercased().hasPrefix("oci://") else {
            let name = ArchiveArgument(argument: last).name
            throw ValidationError("the last argument is `\(name)`, and must begin with `oci://`")
        }
        if onto != nil, words.count > 2 {
            throw ValidationError("`--onto` takes one archive: unite them first with `cachectl union`")
        }
        try OptionCheck.run { () throws(CacheStoreError) in _ = try RegistryAddress(last) }
        for tag in tags {
            guard case .tag = try? reference(tag) else {
                throw ValidationError("`--tag` is `\(tag)`, which is no tag")
            }
        }
        if let onto { _ = try reference(onto) }
        _ = try Remote.mounted(mountFrom, by: RegistryAddress(last))
    }

    /// Returns the tag or the digest that a word names.
    private func reference(_ word: String) throws -> RegistryAddress.Reference {
        let address = try RegistryAddress(words[words.count - 1])
        let separator = word.hasPrefix("sha256:") ? "@" : ":"
        let isWhole = word.lowercased().hasPrefix("oci://")
        let text = isWhole ? word : "oci://\(address.registry)/\(address.repository)\(separator)\(word)"
        guard let found = try? RegistryAddress(text), found.repository == address.repository,
            found.registry == address.registry
        else {
            throw ValidationError("`\(word)` is neither a tag nor a digest `sha256:…` of that repository")
        }
        return found.reference
    }

    func run() async throws {
        let archives = words.dropLast().map { ArchiveArgument(argument: $0) }
        let address = try RegistryAddress(words[words.count - 1])
        var options = Push.Options()
        options.onto = try onto.map(reference)
        options.tags = tags
        options.scratch = ProgramPlaces.temporary()
        options.mountedRepository = try Remote.mounted(mountFrom, by: address)
        let (report, time) = try await common.perform(
            consequence: "each tag names what it named before, or all of the new artifact"
        ) { [options] progress in
            try await Push(options: options).run(
                ArchiveArgument.open(archives),
                to: address,
                client: Remote.client,
                progress: progress
            )
        }
        if let reason = report.wholeReason { StandardError.write(Message(.hint, Self.words(reason))) }
        try common.write(
            json(report, address, archives, time),
            summary(report, address, archives, time)
        )
    }

    /// Returns why the whole archive was sent, in words.
    private static func words(_ reason: Push.WholeReason) -> String {
        switch reason {
        case .absent: "the whole archive was sent, because the repository has no artifact that `--onto` names"
        case .layers: "the whole archive was sent, because the artifact would have more than 8 layers"
        case .deadFrames:
            "the whole archive was sent, because the artifact would mostly hold frames that nothing uses"
        case .noGain:
            "the whole archive was sent, because the artifact of `--onto` has hardly any of its frames"
        case .pieces:
            "the whole archive was sent, because its frames would lie in too many places of the artifact"
        }
    }

    private func summary(
        _ report: Push.Report,
        _ address: RegistryAddress,
        _ archives: [ArchiveArgument],
        _ time: Duration
    ) -> [String] {
        let count = HumanFormat.count(archives.count, "archive", "archives")
        let size = HumanFormat.bytes(report.archiveBytes)
        return [
            "pushed \(count) of \(size) to `\(HumanFormat.printable(address.description))` "
                + "in \(HumanFormat.duration(time))",
            "",
            Remote.sent(report.sentBytes, present: report.presentBytes, mounted: report.mountedBytes),
            "layers    \(HumanFormat.count(report.layers)), \(HumanFormat.bytes(report.allBytes))",
            "manifest  sha256:\(report.digest)",
        ] + report.archiveDigests.map { "archive   \($0)" }
    }

    private func json(
        _ report: Push.Report,
        _ address: RegistryAddress,
        _ archives: [ArchiveArgument],
        _ time: Duration
    ) -> JSONValue {
        [
            "schema": "cachectl.push/1",
            "address": .string(address.description),
            "archives": .strings(archives.map(\.name)),
            "archive_digests": .strings(report.archiveDigests.map(\.description)),
            "archive_bytes": .integer(report.archiveBytes),
            "manifest": .string("sha256:\(report.digest)"),
            "layers": .integer(report.layers),
            "bytes": .integer(report.allBytes),
            "sent_bytes": .integer(report.sentBytes),
            "present_bytes": .integer(report.presentBytes),
            "mounted_bytes": .integer(report.mountedBytes),
            "whole_reason": .optional(report.wholeReason?.rawValue),
            "milliseconds": .milliseconds(time),
        ]
    }
}
