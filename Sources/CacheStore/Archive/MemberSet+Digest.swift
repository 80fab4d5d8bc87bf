extension MemberSet {
    /// The archive's digest: SHA-256 of the canonical listing of what a restore gives, see <doc:Format>.
    ///
    /// - Complexity: O(*n*), about 100 bytes hashed a member.
    var digest: ObjectID {
        var hasher = ContentHasher()
        func line(_ text: String) { hasher.update(Array((text + "\n").utf8).span) }
        line("castore 1")
        let settled = settled()
        for action in settled.actions { line("action \(action.id) \(action.output)") }
        for output in settled.outputs {
            line("output \(output.id) \(output.size)" + (output.executable.map { " \($0)" } ?? ""))
        }
        for tree in trees { line("tree \(chunks[Int(tree.manifest)].id) \(tree.h1) \(tree.module.text)") }
        for download in downloads {
            let value: String
            switch download.content {
            case .bytes(let bytes): value = ContentHasher.hash(bytes.span).description
            case .derived: value = String(repeating: "0", count: 2 * ObjectID.byteCount)
            case .stored(let id, _, _): value = id.description
            }
            line("download \(value) \(download.kind.rawValue) \(download.module.text)")
        }
        for file in checksumFiles { line("checksum \(ContentHasher.hash(file.bytes.span)) \(file.path)") }
        return hasher.finish()
    }
}
