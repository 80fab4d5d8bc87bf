import ArgumentParser
import SystemPackage

/// The options for the new archive of a command.
struct OutputOptions: ParsableArguments, Sendable {
    @Option(
        name: .shortAndLong,
        parsing: .unconditional,
        help: ArgumentHelp("The archive to write.", valueName: "file"),
        completion: .file()
    )
    var output: String

    @Flag(help: "Replace the archive if it exists.")
    var force = false

    /// The path of the archive.
    var path: FilePath { FilePath(output) }

    /// Refuses an output that can't be the name of a file.
    ///
    /// - Throws: `ValidationError`.
    func validate() throws { try Self.check(output) }

    /// Refuses an output that can't be the name of a file.
    ///
    /// - Throws: `ValidationError`.
    static func check(_ output: String) throws {
        if output.isEmpty { throw ValidationError("`--output` is empty") }
        if output == "-" {
            throw ValidationError(
                "an archive can't go to standard output, because its parts are not written in their order: "
                    + "name a file with `--output`"
            )
        }
        if output.hasPrefix("-") {
            throw ValidationError("`--output` needs a file: write `./\(output)` for a file of that name")
        }
    }
}
