/// The digest of an archive, computed from its canonical listing: see <doc:Format>.
///
/// Lines are added in the order of the listing.
struct ListingDigest {
    private var hasher = ContentHasher()
    private var text: [UInt8] = Array("castore 1\n".utf8)

    /// Adds an action entry.
    ///
    /// Of the entries with one ID, only the first has a line.
    mutating func action(_ id: ObjectID, output: ObjectID) {
        text += "action ".utf8
        text += id.hexadecimal
        text.append(0x20)
        text += output.hexadecimal
        end()
    }

    /// Adds an output to which one of the lines of action entries refers.
    mutating func output(_ output: MemberSet.Output) {
        self.output(output.id, size: output.size, executable: output.executable)
    }

    /// Adds an output to which one of the lines of action entries refers.
    ///
    /// - Parameters:
    ///   - id: The ID of the output.
    ///   - size: The length of the output, in bytes.
    ///   - name: The name of the file in an executable output's directory.
    mutating func output(_ id: ObjectID, size: Int, executable name: String?) {
        text += "output ".utf8
        text += id.hexadecimal
        text += " \(size)".utf8
        if let name { text += " \(name)".utf8 }
        end()
    }

    /// Adds all members of GOMODCACHE.
    ///
    /// - Parameters:
    ///   - set: The members.
    ///   - chunk: Returns the ID of a chunk.
    mutating func modules(of set: MemberSet, chunk: (ChunkNumber) -> ObjectID) {
        for tree in set.trees { line("tree \(tree.manifestID(chunk)) \(tree.h1) \(tree.module.text)") }
        for download in set.downloads {
            let value: String
            switch download.content {
            case .bytes(let bytes): value = ContentHasher.hash(bytes.span).description
            case .derived: value = String(repeating: "0", count: 2 * ObjectID.byteCount)
            case .stored(let id, _, _): value = id.description
            }
            line("download \(value) \(download.kind.rawValue) \(download.module.text)")
        }
        for file in set.checksumFiles { line("checksum \(ContentHasher.hash(file.bytes.span)) \(file.path)") }
    }

    /// Returns the digest of the lines so far.
    func finish() -> ObjectID {
        var whole = hasher
        whole.update(text.span)
        return whole.finish()
    }

    private mutating func line(_ line: String) {
        text += line.utf8
        end()
    }

    private mutating func end() {
        text.append(0x0A)
        guard text.count >= 1 << 15 else { return }
        // The text is moved out of the listing while it is hashed.
        var piece: [UInt8] = []
        swap(&piece, &text)
        hasher.update(piece.span)
        swap(&piece, &text)
        text.removeAll(keepingCapacity: true)
    }
}
