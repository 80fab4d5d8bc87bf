@testable import CacheStore

/// A sound archive that is changed row by row and frame by frame and sealed again, under all verbs.
///
/// The input is a program: its first byte says which checksums are made right, and whether only the verbs
/// that write files run, or only those that read or make archives. Then comes one edit after another, each a
/// byte for its kind and the bytes that it takes.
struct EditTarget: FuzzTarget {
    private let verbs: ArchiveVerbs
    private let editor: ArchiveEditor

    /// The greatest number of edits in one input; more would only repeat what fewer do.
    private static let longest = 24

    init() throws {
        verbs = try ArchiveVerbs()
        editor = try ArchiveEditor(base: "two")
    }

    func run(_ bytes: [UInt8]) {
        var (input, count) = (InputReader(bytes), 0)
        let seal = input.byte()
        editor.begin()
        while !input.isAtEnd, count < Self.longest {
            editor.edit(&input)
            count += 1
        }
        let archive = editor.archive(withDigest: seal & 1 == 0, withPlaces: seal & 2 == 0)
        switch seal >> 2 & 3 {
        case 1: verbs.run(archive, combines: false)
        case 2: verbs.run(archive, writes: false)
        default: verbs.run(archive)
        }
    }
}
