/// The search for the member that a frame belongs to, for messages about damage.
extension IndexReader {
    /// Finds the first member that uses the chunk of a frame.
    ///
    /// - Parameter record: The chunk, with its frame in this archive.
    /// - Returns: The kind and the name of the member, or `nil` if no member uses the chunk.
    /// - Throws: ``CacheStoreError`` if the index can't be read.
    /// - Complexity: O(*n*) in the rows of the index, of which nothing is kept.
    func member(using record: ChunkRecord) throws -> String? {
        try reading {
            let row = try database.prepare("SELECT id FROM chunk WHERE offset = ?")
            try row.bind(1, record.offset)
            guard try row.step(), let chunk = row.integer(0) else { return nil }
            let streams = "(SELECT id FROM stream WHERE chunk = ?1)"
            let output = try database.prepare("SELECT digest FROM output WHERE id IN \(streams) ORDER BY id")
            try output.bind(1, chunk)
            if try output.step(), let id = output.id(0) { return "output \(id)" }
            let users = "manifest = ?1 OR -manifest IN \(streams) OR stream IN \(streams)"
            let tree = try database.prepare("SELECT module FROM tree WHERE \(users) ORDER BY id")
            try tree.bind(1, chunk)
            if try tree.step(), let module = tree.text(0) { return "tree \(module)" }
            let zip = try database.prepare("SELECT module FROM download WHERE stream IN \(streams)")
            try zip.bind(1, chunk)
            if try zip.step(), let module = zip.text(0) { return "zip \(module)" }
            return nil
        }
    }
}
