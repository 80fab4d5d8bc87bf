/// The kind of a file that is not an archive, or is no longer one, by its first bytes.
///
/// A cache that a job downloads is often something else under the archive's name: the page of a server's
/// error, the zip of an artifact, a pointer of Git LFS, or a part of an archive. The kind is a part of the
/// error, since each has another remedy. Sources: RFC 1952 (gzip), RFC 8878 (zstd), APPNOTE.TXT 4.3 (zip),
/// pax in POSIX.1, the file formats of SQLite and ELF, and the specification of Git LFS.
enum ForeignFile: Hashable, Sendable {
    case empty
    case zeros
    case html
    case text
    case gitPointer
    case zip
    case gzip
    case xz
    case tar
    case database
    case program
    /// The first bytes are those of zstd data: an archive without its end, or data of another program.
    case zstd
    case unknown

    /// The number of first bytes that tell the kind.
    static let length = 1024

    /// The first bytes of the kinds that have a magic number.
    private static let magics: [(bytes: [UInt8], kind: Self)] = [
        ([0x28, 0xB5, 0x2F, 0xFD], .zstd),
        ([0x1F, 0x8B], .gzip),
        (Array("PK\u{3}\u{4}".utf8), .zip),
        (Array("PK\u{5}\u{6}".utf8), .zip),
        ([0xFD] + Array("7zXZ\0".utf8), .xz),
        (Array("SQLite format 3\0".utf8), .database),
        ([0x7F] + Array("ELF".utf8), .program),
        (Array("version https://git-lfs.github.com/".utf8), .gitPointer),
    ]

    /// Tells the kind of a file.
    ///
    /// - Parameter start: The first ``length`` bytes of the file, or all of a shorter one.
    init(start: [UInt8]) {
        if start.isEmpty {
            self = .empty
        } else if let magic = Self.magics.first(where: { start.starts(with: $0.bytes) }) {
            self = magic.kind
        } else if start.count > 262, start[257..<262].elementsEqual("ustar".utf8) {
            self = .tar
        } else if start.allSatisfy({ $0 == 0 }) {
            self = .zeros
        } else {
            self = Self.kind(ofText: start)
        }
    }

    private static func kind(ofText start: [UInt8]) -> Self {
        let isText = start.allSatisfy { $0 >= 0x20 && $0 != 0x7F || (0x09...0x0D).contains($0) }
        guard isText else { return .unknown }
        // A byte order mark and blank space may come first.
        let text = String(decoding: start, as: UTF8.self).drop { $0.isWhitespace || $0 == "\u{FEFF}" }
        let beginning = text.prefix(14).lowercased()
        let isMarkup = ["<!doctype html", "<html", "<head", "<body", "<?xml"].contains {
            beginning.hasPrefix($0)
        }
        return isMarkup ? .html : .text
    }

    /// What the file is instead of an archive, and the remedy.
    var finding: (message: String, remedy: Remedy) {
        switch self {
        case .empty: ("the file is empty: no archive was written or copied here", .packAgain)
        case .zeros: ("not an archive: it begins with zeros, as a file whose content was lost", .packAgain)
        case .html: ("not an archive: a web page or the answer of a server, maybe its error", .readAnswer)
        case .text: ("not an archive: a text, maybe the error of a server", .readAnswer)
        case .gitPointer: ("not an archive: the pointer to a file that is in Git LFS", .fetchFromGit)
        case .zip: ("not an archive: a zip file, in which the archive may be", .unpack)
        case .gzip: ("not an archive: compressed with gzip", .unpack)
        case .xz: ("not an archive: compressed with xz", .unpack)
        case .tar: ("not an archive: a tar file, in which the archive may be", .unpack)
        case .database: ("not an archive: an SQLite database, as the index of an archive is", .packAgain)
        case .program: ("not an archive: a program", .packAgain)
        case .zstd:
            ("an archive that was cut short or continued, or that is compressed with zstd", .copyOrUnpack)
        case .unknown: ("not an archive, and not the beginning of one", .packAgain)
        }
    }
}
