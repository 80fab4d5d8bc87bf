import ArgumentParser
import SystemPackage

/// The options for the new archive of a command that can also tell beforehand what it would write.
struct PreviewableOutput: ParsableArguments, Sendable {
    @Option(
        name: .shortAndLong,
        parsing: .unconditional,
        help: ArgumentHelp("The archive to write; needed without --dry-run.", valueName: "file"),
        completion: .file()
    )
    var output: String?

    @Flag(help: "Replace the archive if it exists.")
    var force = false

    @Flag(name: .customLong("dry-run"), help: "Write nothing; tell what would be written and left out.")
    var isPreview = false

    /// The path of the archive, if it is named.
    var path: FilePath? { output.map { FilePath($0) } }

    /// Returns the path of the archive to write.
    ///
    /// - Throws: `ValidationError` if it is not named.
    func named() throws -> FilePath {
        guard let path else { throw ValidationError("Missing expected argument '--output <file>'") }
        return path
    }

    /// Refuses an output that can't be the name of a file, or that is missing where one is written.
    ///
    /// - Throws: `ValidationError`.
    func validate() throws {
        if let output { try OutputOptions.check(output) } else if !isPreview { _ = try named() }
    }
}
