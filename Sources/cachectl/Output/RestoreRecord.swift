import CacheStore
import FoundationEssentials
import SystemPackage

/// The facts about a restore that `cachectl restore --json` printed.
struct RestoreRecord: Decodable {
    /// The numbers of files of one sort.
    struct Tally: Decodable {
        var created: Int
        var replaced: Int
        var untouched: Int
    }

    /// A warning.
    struct Warning: Decodable {
        var message: String
    }

    private static let schema = "cachectl.restore/1"

    /// The length of the longest file that is read, in bytes.
    private static let sizeLimit = 1 << 26

    /// The greatest figure of a restore; a greater one can't be a count or a size.
    private static let figureLimit = 1 << 53

    private var schema: String
    private var actions: Tally
    private var outputs: Tally
    private var treeFiles: Tally
    private var downloads: Tally

    /// The path of the archive, as given.
    var archive: String

    /// The digest of the archive.
    var archiveDigest: String

    /// The length of the content that was written, in bytes.
    var bytesWritten: Int

    /// The warnings.
    var warnings: [Warning]

    /// Whether, as far as settings tell, no restored entry of the build cache could hit.
    var nothingHits: Bool?

    /// The time that the restore took, in milliseconds, as stated.
    private var milliseconds: Int

    /// The time that the restore took, or `nil` if the record states one that can't be, as after a clock was
    /// set back.
    var time: Duration? {
        (0...Self.figureLimit).contains(milliseconds) ? .milliseconds(milliseconds) : nil
    }

    /// The number of files that were written.
    var filesWritten: Int { tallies.reduce(0) { $0 + $1.created + $1.replaced } }

    /// The number of files that were there already.
    var filesUntouched: Int { tallies.reduce(0) { $0 + $1.untouched } }

    /// Whether all numbers are ones that a restore can count.
    private var isPossible: Bool {
        let counts = tallies.flatMap { [$0.created, $0.replaced, $0.untouched] }
        return (counts + [bytesWritten]).allSatisfy { (0...Self.figureLimit).contains($0) }
    }

    private var tallies: [Tally] { [actions, outputs, treeFiles, downloads] }

    private enum CodingKeys: String, CodingKey {
        case schema, actions, outputs, downloads, archive, warnings, milliseconds
        case treeFiles = "tree_files"
        case archiveDigest = "archive_digest"
        case bytesWritten = "bytes_written"
        case nothingHits = "nothing_hits"
    }

    /// Reads a record from a file.
    ///
    /// - Parameter path: The file.
    /// - Returns: The record; `nil` for an empty file, which a restore that failed leaves behind.
    /// - Throws: ``CacheStoreError`` if the file can't be read, ``AdvisedError`` if it holds anything else.
    static func read(_ path: String) throws -> RestoreRecord? {
        let bytes = try WholeFile.bytes(of: FilePath(path), limit: sizeLimit)
        guard bytes.contains(where: { $0 > 0x20 }) else { return nil }
        guard let record = try? JSONDecoder().decode(Self.self, from: Data(bytes)),
            record.schema == Self.schema, record.isPossible
        else {
            throw AdvisedError(
                .badArgument,
                "`\(path)` does not hold the result of a restore, so the summary can't tell what it did",
                advice: RemedyText.restoreRecord
            )
        }
        return record
    }
}
