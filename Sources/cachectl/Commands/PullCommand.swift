import ArgumentParser
import CacheStore
import CacheStoreRemote

/// `cachectl pull`: an archive copied from a registry or a server.
struct PullCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Copy an archive from a registry or a web server to a file.",
        discussion: """
            Most commands read `oci://` and `https://` themselves, and only what they need. A \
            copy is for what reads an archive many times, or without a network.

            An archive in a registry must have the SHA-256 that its manifest states; of any \
            other, the index and every frame are checked. Several archives under one tag are \
            united.

            Examples:
              cachectl pull oci://ghcr.io/acme/go-caches:v2 -o all.castore
              cachectl pull https://example.com/all.castore -o all.castore
            """
    )

    @Argument(
        help: ArgumentHelp(
            "The address: `oci://REGISTRY/REPOSITORY[:TAG|@DIGEST]`, or `https://HOST/FILE`.",
            valueName: "address"
        )
    )
    var archive: ArchiveArgument

    @OptionGroup
    var output: OutputOptions

    @OptionGroup
    var common: CommonOptions

    func validate() throws {
        guard archive.isRemote else {
            throw ValidationError(
                "`\(archive.name)` is no address: it begins with neither `oci://` nor `https://`"
            )
        }
    }

    func run() async throws {
        let (report, time) = try await common.perform(
            consequence: "no archive was written"
        ) { [archive, output] progress in
            try await Pull(overwrite: output.force).run(
                archive.address(),
                from: Remote.archives,
                to: output.path,
                progress: progress
            )
        }
        try common.write(json(report, time), summary(report, time))
    }

    private func summary(_ report: Pull.Report, _ time: Duration) -> [String] {
        let rate = HumanFormat.rate(report.fileBytes, in: time)
        return [
            "copied `\(archive.shown)` to `\(HumanFormat.printable(output.output))`: "
                + "\(HumanFormat.bytes(report.fileBytes)) in \(HumanFormat.duration(time)), \(rate)",
            "",
            "digest  \(report.digest)",
        ]
    }

    private func json(_ report: Pull.Report, _ time: Duration) -> JSONValue {
        [
            "schema": "cachectl.pull/1",
            "address": .string(archive.name),
            "archive": .string(output.output),
            "digest": .string(report.digest.description),
            "bytes": .integer(report.fileBytes),
            "milliseconds": .milliseconds(time),
        ]
    }
}
