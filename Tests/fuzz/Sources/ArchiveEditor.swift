import Glibc
import SystemPackage

@testable import CacheStore

/// An editor of the rows and frames of a sound archive, which makes the checksums right again.
///
/// All edits are made in tables in memory. The tables are then copied into a new database, row by row in the
/// order of keys, so that the image has the form that `IndexWriter` gives it.
final class ArchiveEditor {
    private let base: ArchiveParts
    private let baseFrames: [[UInt8]]
    private let scratch: Scratch
    private let baseFile: File
    private let compressor: ZstdCompressor
    private var tables: Rows
    private var frames: [[UInt8]] = []

    /// The rows of the base, as they are before the edits.
    private let baseRows: Rows

    init(base name: String) throws {
        base = try ArchiveParts(base: name)
        scratch = try Scratch()
        compressor = try ZstdCompressor(level: 1)
        let path = scratch.write(base.sealed, to: "archive")
        baseFile = try File(reading: path)
        let trailer = try Trailer(reading: baseFile)
        let window = FileWindow(
            descriptor: baseFile.descriptor,
            offset: trailer.indexOffset,
            size: trailer.indexSize
        )
        baseRows = try Rows(of: window)
        tables = baseRows
        let whole = base
        baseFrames = try Archive(opening: path).members().set.chunks.map { record in
            Array(whole.frames[record.offset..<record.offset + record.storedBytes])
        }
    }

    /// Takes all edits back.
    func begin() { (tables, frames) = (baseRows, baseFrames) }

    /// Takes one edit from the input and makes it.
    func edit(_ input: inout InputReader) {
        switch input.choice(12) {
        case 0...2: editCell(&input) { _, _, input in Values.take(&input) }
        case 3: editCell(&input) { rows, column, input in rows[input.choice(rows.count)][column] }
        case 4: editCell(&input) { _, _, input in Values.text(&input) }
        case 5: removeRow(&input)
        case 6: repeatRow(&input)
        case 7: swapRows(&input)
        case 8: replaceFrame(&input)
        case 9: patchFrame(&input)
        default: rename(&input)
        }
    }

    // MARK: - Rows

    /// Changes one cell of one row.
    private func editCell(
        _ input: inout InputReader,
        _ value: ([[Cell]], Int, inout InputReader) -> Cell
    ) {
        let table = input.choice(tables.count)
        guard !tables[table].isEmpty else { return }
        let row = input.choice(tables[table].count)
        let column = input.choice(tables[table][row].count)
        var changed = value(tables[table], column, &input)
        // A number is most often wrong by a little.
        if case .integer(let old) = tables[table][row][column], case .offset(let by) = changed {
            changed = .integer(old &+ by)
        }
        tables[table][row][column] = changed
    }

    private func removeRow(_ input: inout InputReader) {
        let table = input.choice(tables.count)
        guard !tables[table].isEmpty else { return }
        tables[table].remove(at: input.choice(tables[table].count))
    }

    /// Adds a row that differs from another one in one column.
    private func repeatRow(_ input: inout InputReader) {
        let table = input.choice(tables.count)
        guard !tables[table].isEmpty else { return }
        var row = tables[table][input.choice(tables[table].count)]
        let value = Values.take(&input)
        // Nearly all keys are in the first two columns.
        row[input.choice(2)] = value
        tables[table].append(row)
    }

    /// Exchanges all columns of two rows but the first, which is the key or its beginning.
    private func swapRows(_ input: inout InputReader) {
        let table = input.choice(tables.count)
        guard !tables[table].isEmpty else { return }
        let (a, b) = (input.choice(tables[table].count), input.choice(tables[table].count))
        tables[table].swapAt(a, b)
        (tables[table][a][0], tables[table][b][0]) = (tables[table][b][0], tables[table][a][0])
    }

    // MARK: - Frames

    /// Puts another valid frame in place of a frame, with or without the name of its content.
    private func replaceFrame(_ input: inout InputReader) {
        let (number, form) = (input.choice(frames.count), input.byte())
        var content = input.bytes(1 + input.byte() % 64)
        if form & 2 != 0, !content.isEmpty {
            // A long run of one content: little to store, and much to decode.
            let one = content
            for _ in 0..<min(1 << 10, 1 << 16 / one.count) { content += one }
        }
        guard let frame = try? compressor.frame(content.span) else { fail("a frame can't be made") }
        frames[number] = frame
        guard number < tables[Rows.chunk].count else { return }
        tables[Rows.chunk][number][4] = .integer(content.count)
        if form & 1 == 0 {
            tables[Rows.chunk][number][1] = .blob(digest(content).bytes)
        }
    }

    /// Changes bytes of a frame, whose checksum is made right afterwards.
    private func patchFrame(_ input: inout InputReader) {
        let number = input.choice(frames.count)
        guard !frames[number].isEmpty else { return }
        let position = input.byte() % frames[number].count
        switch input.choice(4) {
        case 0: frames[number].removeLast(frames[number].count - position)
        case 1: frames[number] += input.bytes(8)
        default: frames[number][position] = UInt8(input.byte())
        }
    }

    /// Gives the files of a tree other names, and makes everything else agree: manifest, counts, `h1:` hash.
    private func rename(_ input: inout InputReader) {
        let trees = tables[Rows.tree]
        guard !trees.isEmpty else { return }
        let number = input.choice(trees.count)
        guard case .text(let module) = trees[number][1], case .integer(let chunk) = trees[number][6],
            case .integer(let stream) = trees[number][7], let key = ModuleKey(module),
            let manifest = content(ofChunk: chunk), let old = try? TreeManifest(text: manifest.span)
        else { return }
        let content = tables[Rows.stream].filter { $0[0] == .integer(stream) }.compactMap { row -> [UInt8]? in
            guard case .integer(let chunk) = row[2] else { return nil }
            return self.content(ofChunk: chunk)
        }.joined()
        var paths = old.entries.map(\.path)
        for _ in 0...input.choice(3) {
            let place = input.choice(max(1, paths.count))
            if place < paths.count { paths[place] = Values.name(&input) }
        }
        paths = Set(paths).sorted { $0.precedes($1) }
        var (text, hash, rest) = ([UInt8](), TreeHash(key), Array(content)[...])
        for (index, path) in paths.enumerated() {
            let isLast = index == paths.count - 1
            let size = isLast ? rest.count : min(rest.count, old.entries[index].size)
            text += Array("\(index % 3 == 2 ? "x" : "f") \(size) \(path)\n".utf8)
            hash.add(path, id: digest(Array(rest.prefix(size))))
            rest = rest.dropFirst(size)
        }
        let id = hash.finish()
        guard let frame = try? compressor.frame(text.span), tables[Rows.chunk].indices.contains(chunk - 1),
            frames.indices.contains(chunk - 1)
        else { return }
        frames[chunk - 1] = frame
        tables[Rows.chunk][chunk - 1][1] = .blob(digest(text).bytes)
        tables[Rows.chunk][chunk - 1][4] = .integer(text.count)
        tables[Rows.tree][number][2] = .blob(id.bytes)
        tables[Rows.tree][number][3] = .integer(paths.count)
        tables[Rows.tree][number][4] = .integer(paths.indices.count { $0 % 3 == 2 })
        for index in tables[Rows.download].indices
        where tables[Rows.download][index][0] == .text(module)
            && tables[Rows.download][index][1] == .text("ziphash")
        {
            tables[Rows.download][index][3] = .blob(Array(ModuleHash.text(of: id).utf8))
        }
    }

    /// Decodes the frame of a chunk, as far as it is one.
    private func content(ofChunk row: Int) -> [UInt8]? {
        guard frames.indices.contains(row &- 1), tables[Rows.chunk].indices.contains(row &- 1),
            case .integer(let size) = tables[Rows.chunk][row &- 1][4], (0...1 << 20).contains(size),
            let decoder = try? ZstdDecompressor()
        else { return nil }
        var content: [UInt8] = []
        let frame = frames[row &- 1]
        let isWhole = (try? decoder.decode(frame.span, size: size, into: &content)) ?? false
        return isWhole ? content : nil
    }

    // MARK: - Sealing

    /// Returns the archive of the edited rows and frames.
    ///
    /// - Parameters:
    ///   - withDigest: Whether the archive states the digest of its members, as far as they can be read.
    ///   - withPlaces: Whether the chunks have the places and checksums of their frames.
    /// - Returns: The archive, with right checksums in its trailer.
    func archive(withDigest: Bool, withPlaces: Bool) -> [UInt8] {
        if withPlaces {
            var offset = 0
            for (row, frame) in zip(tables[Rows.chunk].indices, frames) {
                let checksum = Self.checksum(frame)
                tables[Rows.chunk][row][2] = .integer(offset)
                tables[Rows.chunk][row][3] = .integer(frame.count)
                tables[Rows.chunk][row][5] = .integer(Int(bitPattern: UInt(checksum)))
                offset += frame.count
            }
        }
        var parts = ArchiveParts(frames: Array(frames.joined()), index: image())
        if withDigest, !tables[Rows.archive].isEmpty {
            let path = scratch.write(parts.sealed, to: "edited")
            if let digest = try? Archive(opening: path).index().members().digest {
                tables[Rows.archive][0][1] = .blob(digest.bytes)
                parts.index = image()
            }
        }
        return parts.sealed
    }

    private static func checksum(_ frame: [UInt8]) -> UInt64 { XXH64.hash(frame.span) }

    /// Returns the SQLite image of the rows.
    private func image() -> [UInt8] {
        do {
            let file = try ScratchFile(beside: scratch.root.appending("image"))
            try tables.write(to: FileWindow(descriptor: file.file.descriptor))
            var bytes = try file.file.bytes(count: file.file.status().size)
            // These fields do not depend on the writer: see Format.md.
            for (offset, value) in [(24, 1), (92, 1), (96, 3_040_001)] {
                for index in 0..<4 {
                    bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (24 - 8 * index))
                }
            }
            return bytes
        } catch {
            fail("the image can't be made: \(error)")
        }
    }
}
