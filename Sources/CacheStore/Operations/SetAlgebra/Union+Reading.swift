public import SystemPackage

extension Union {
    /// Unites archives without writing the union: its frames stay where they are.
    ///
    /// The result is read as any archive. Of archives that lie elsewhere, only the indexes are read before
    /// that.
    ///
    /// - Parameters:
    ///   - inputs: The archives, at least one.
    ///   - name: The name of the union for messages.
    ///   - scratch: The directory for files without names: the index, and the bytes that are read.
    /// - Returns: The union.
    /// - Throws: The errors of ``run(_:to:progress:)``.
    /// - Complexity: That of ``run(_:to:progress:)``, without the stored bytes.
    public func archive(
        uniting inputs: [Archive],
        named name: String,
        scratch: FilePath = "/tmp"
    ) async throws -> Archive {
        guard !inputs.isEmpty else { throw CacheStoreError(.badArgument, "there is no archive to unite") }
        if inputs.count == 1 { return inputs[0] }
        return try await WorkerThreads.performCancellable { [policy] cancellation in
            let path = scratch.appending("union")
            let union = try UnionIndex(of: inputs, policy: policy, avoiding: [], beside: path) {
                try cancellation.check()
            } read: {
            }
            var files: [any RemoteFile] = []
            for input in inputs {
                let file = input.frames.file.remote?.remote
                files.append(try file ?? DiskFile(input.frames.file))
            }
            let index = union.merged.file
            try index.checkContent()
            let end = try ScratchFile(beside: path)
            _ = try Trailer(writing: index, beside: path) { (offset, piece) throws(CacheStoreError) in
                try end.file.write(piece, at: offset - index.framesSize)
            }
            let tail = try DiskFile(end.file)
            files.append(tail)
            var pieces: [PieceFile.Piece] = []
            for copy in try union.merged.copies.list() {
                guard let first = copy.records.first else { continue }
                pieces.append(
                    PieceFile.Piece(file: copy.input, range: first.offset..<first.offset + copy.count)
                )
            }
            pieces.append(PieceFile.Piece(file: inputs.count, range: 0..<tail.byteCount))
            return try Archive(PieceFile(named: name, of: files, pieces), in: scratch)
        }
    }
}
