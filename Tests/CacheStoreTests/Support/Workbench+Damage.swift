import SystemPackage
import Testing

@testable import CacheStore

extension Workbench {
    /// Copies an archive and changes bytes of the copy.
    func copy(
        _ archive: FilePath,
        to name: String,
        changing change: (inout [UInt8]) throws -> Void = { _ in }
    ) throws -> FilePath {
        var bytes = try Files.bytes(archive)
        try change(&bytes)
        try Files.write(bytes, to: path(name))
        return path(name)
    }

    /// Copies an archive and flips one bit in each of some frames.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - chunks: The chunks whose frames are damaged.
    ///   - name: The name of the copy.
    ///   - source: The source that chooses the bits.
    /// - Returns: The copy.
    /// - Throws: The error of the file system.
    func damage(
        _ archive: FilePath,
        frames chunks: some Sequence<ChunkRecord>,
        to name: String,
        _ source: inout SeededBytes
    ) throws -> FilePath {
        try copy(archive, to: name) { bytes in
            for chunk in chunks {
                let offset = chunk.offset + Int.random(in: 0..<chunk.storedBytes, using: &source)
                bytes[offset] ^= 1 << UInt8.random(in: 0..<8, using: &source)
            }
        }
    }

    /// Copies an archive and gives a frame other content than its chunk's, with a checksum that is right.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - number: The position of the frame.
    ///   - name: The name of the copy.
    /// - Returns: The copy.
    /// - Throws: The error of the file system or of SQLite.
    func poison(_ archive: FilePath, frame number: Int, to name: String) throws -> FilePath {
        let record = try contents(archive).set.chunks[number]
        let end = record.offset + record.storedBytes
        // The last bytes of the frame are the checksum of its content.
        let rotten = try copy(archive, to: "\(name).rotten") { $0[end - 1] ^= 1 }
        let checksum = XXH64.hash(Array(try Files.bytes(rotten)[record.offset..<end]).span)
        return try HostileArchive(bench: self).write(
            from: rotten,
            sql: "UPDATE chunk SET checksum = \(Int64(bitPattern: checksum)) WHERE id = \(number + 1)",
            to: name
        )
    }

    /// Chooses some of an archive's chunks.
    func chunks(
        of archive: FilePath,
        oneIn share: Int,
        _ source: inout SeededBytes
    ) throws -> [ChunkRecord] {
        let all = try contents(archive).set.chunks
        var chosen = all.filter { _ in source.isOnce(in: share) }
        if chosen.isEmpty { chosen = [try #require(all.randomElement(using: &source))] }
        return chosen
    }

    /// Repairs an archive; the result is the file `repaired`, also of several repairs.
    func repair(_ damaged: FilePath, from others: FilePath...) async throws -> Repair.Report {
        var options = Repair.Options()
        options.overwrite = true
        return try await Repair(options: options).run(damaged, from: others, to: path("repaired"))
    }

    /// Returns the members that a verification lists, by kind and name.
    func damagedMembers(of archive: FilePath) async throws -> Set<String> {
        Set(try await Verify().run(archive).problems.map { $0.member ?? "no member: \($0)" })
    }
}

extension DamagedMember {
    /// The kind and the name, in the form of errors.
    var label: String { "\(kind.rawValue) \(name)" }
}
