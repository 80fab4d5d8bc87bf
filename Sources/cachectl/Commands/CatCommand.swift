import ArgumentParser
import CacheStore
import SystemPackage

/// `cachectl cat`: the content of one member.
struct CatCommand: AsyncParsableCommand, Sendable {
    static let configuration = CommandConfiguration(
        commandName: "cat",
        abstract: "Write the content of one member to standard output.",
        discussion: """
            Kind and name are those that `cachectl ls` prints. A file of a module tree has \
            the kind `file`, as with `cachectl ls --files`. The index of the archive is \
            checked against its SHA-256 before anything is written, and of the rest only the \
            necessary parts are read. Each part of the content is checked against its own \
            SHA-256 before it is written. If a check fails, the exit status is 2, and the \
            output must not be used.

            Examples:
              cachectl cat all.castore mod golang.org/x/net@v0.33.0
              cachectl cat all.castore file golang.org/x/net@v0.33.0/html/parse.go
              cachectl cat all.castore output 0f3a… > package.a && go tool nm package.a
            """
    )

    @Argument(help: ArgumentHelp("The archive.", valueName: "archive"), completion: .file())
    var archive: ArchiveArgument

    @Argument(
        help: ArgumentHelp("action, output, file, info, mod, zip, ziphash or checksum.", valueName: "kind")
    )
    var kind: Kind

    @Argument(help: ArgumentHelp("The member's name.", valueName: "name"))
    var name: String

    /// The kinds of members and files that have content.
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case action, output, file, info, mod, zip, ziphash, checksum
    }

    func run() async throws {
        let (member, name, file) = try target()
        var output = StandardOutput()
        let archive = try await archive.open()
        for try await piece in try await archive.content(of: member, named: name, file: file) {
            try output.write(piece.span)
            if output.isClosed { break }
        }
        try output.flush()
    }

    /// Returns the member to read.
    ///
    /// For a file of a tree, the result is the tree `path@version` and the file's path below the tree.
    private func target() throws -> (kind: Member.Kind, name: String, file: String?) {
        if let member = Member.Kind(rawValue: kind.rawValue) { return (member, name, nil) }
        let bytes = Array(name.utf8)
        guard let at = bytes.firstIndex(of: UInt8(ascii: "@")),
            let slash = bytes[at...].firstIndex(of: UInt8(ascii: "/"))
        else { throw ValidationError("the name of a file is `module@version/path`, not `\(name)`") }
        return (
            .tree, String(decoding: bytes[..<slash], as: UTF8.self),
            String(decoding: bytes[(slash + 1)...], as: UTF8.self)
        )
    }
}
