import SystemPackage

/// A tar file, plain or compressed, that is read for its members without being unpacked.
///
/// A plain file is read where it lies: its headers, and then contents by their offsets. A compressed file, or
/// a stream, is first decompressed into a file without a name. The first bytes tell the compression.
struct TarFile {
    /// The size of the largest window of zstd, as a power of two: 1 GiB, which `zstd --long=30` uses.
    private static let longestWindow: Int32 = 30

    /// The length of the pieces in which the file is read, in bytes.
    private static let pieceSize = 256 << 10

    /// The tar.
    let path: FilePath

    /// Throws if the work is to end early.
    let check: () throws -> Void

    /// Called with the number of bytes of the file that were read.
    let progress: (Int) -> Void

    private var reader = TarReader()
    private var tree = TarTree()

    /// The path of the last member.
    private var last: String?

    private init(
        _ path: FilePath,
        _ check: @escaping () throws -> Void,
        _ progress: @escaping (Int) -> Void
    ) {
        (self.path, self.check, self.progress) = (path, check, progress)
    }

    /// Reads the members of a tar.
    ///
    /// - Parameters:
    ///   - path: The tar, which may be a pipe.
    ///   - scratch: The path beside which the decompressed tar lies, as a file without a name.
    ///   - check: Called now and then; an error that it throws ends the work.
    ///   - progress: Called with the number of bytes of the file that were read since the last call.
    /// - Returns: The tree of the members.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badTar``, or as the system says; or the
    ///   error of `check`.
    /// - Complexity: O(*n*) in the number of members of a plain tar, and in the bytes of another; memory for
    ///   the paths of the members, and for the window of a zstd frame.
    static func read(
        _ path: FilePath,
        scratchBeside scratch: FilePath,
        check: @escaping () throws -> Void,
        progress: @escaping (Int) -> Void
    ) throws -> StoredTree {
        let stream = try FileStream(reading: path, as: "a tar", canEndEarly: true)
        var file = TarFile(path, check, progress)
        do {
            if try Place(at: path) == .file {
                let plain = try File(reading: path)
                let status = try plain.status()
                let magic = try plain.bytes(count: TarHeader.blockSize)
                if StreamDecompressor.compression(of: magic.span) == .none {
                    try file.readInPlace(plain)
                    return file.tree.finish(plain, as: status)
                }
            }
            let content = try ScratchFile(beside: scratch)
            try file.decompress(stream, to: content)
            return file.tree.finish(try content.file.duplicate(), as: try content.file.status())
        } catch {
            throw file.described(error)
        }
    }

    // MARK: - Reading

    /// Reads the headers of a plain tar, and checks that it ends where it should.
    private mutating func readInPlace(_ file: borrowing File) throws {
        let size = try file.status().size
        var (position, piece): (Int, [UInt8]) = (0, [])
        while !reader.isAtEnd {
            try check()
            if reader.skippableBytes > 0 {
                let count = reader.skippableBytes
                guard count <= size - reader.position else {
                    throw TarReader.Fault(description: Self.cutShort)
                }
                reader.skipContent()
                progress(count)
                position = reader.position
            }
            try file.read(at: position, count: Self.pieceSize, into: &piece)
            guard !piece.isEmpty else { throw TarReader.Fault(description: Self.cutShort) }
            try take(piece.span)
            progress(reader.position - position)
            position += piece.count
        }
        position = reader.position
        while position < size {
            try check()
            try file.read(at: position, count: Self.pieceSize, into: &piece)
            if piece.isEmpty { break }
            try Self.checkPadding(piece.span)
            position += piece.count
        }
    }

    /// Decompresses a tar into a file.
    private mutating func decompress(_ stream: borrowing FileStream, to scratch: ScratchFile) throws {
        var decoder = StreamDecompressor(longestWindow: Self.longestWindow, afterGzip: .zeros)
        var written = 0
        // The members are moved out, because a decoder's sink can't change this value.
        var file = self
        defer { self = file }
        while true {
            let piece = try stream.whole(Self.pieceSize, check: check)
            if piece.isEmpty { break }
            try decoder.append(piece.span) { content in
                guard !file.reader.isAtEnd else { return try Self.checkPadding(content) }
                try scratch.file.write(content, at: written)
                written += content.count
                try file.take(content)
            }
            progress(piece.count)
        }
        guard file.reader.isAtEnd, decoder.isWhole else { throw TarReader.Fault(description: Self.cutShort) }
    }

    /// Takes the next piece, and what follows the end of the tar in it.
    private mutating func take(_ piece: Span<UInt8>) throws {
        let start = reader.position
        var (tree, last) = (TarTree(), last)
        // The tree is moved out, so that the reader and its body do not share a variable.
        swap(&tree, &self.tree)
        defer {
            swap(&tree, &self.tree)
            self.last = last
        }
        try reader.append(piece) { entry in
            last = entry.path
            try tree.add(entry)
        }
        if reader.isAtEnd { try Self.checkPadding(piece.extracting(droppingFirst: reader.position - start)) }
    }

    /// Refuses bytes other than zeros after the end of a tar.
    private static func checkPadding(_ bytes: Span<UInt8>) throws(TarReader.Fault) {
        for index in bytes.indices where bytes[index] != 0 { throw TarReader.Fault(description: more) }
    }

    // MARK: - Errors

    private static let cutShort = "it is cut short"
    private static let more = "more follows the end of the tar, as where tars were joined"

    /// Returns the error for a tar that can't be read, with the place of the fault.
    private func described(_ error: any Error) -> any Error {
        let fault: String
        switch error {
        case let error as ZlibError where error.isDamage: fault = "it can't be decompressed"
        case let error as ZstdError where error.isTooLargeWindow:
            return CacheStoreError(
                .badTar,
                "the tar can't be decompressed: it was compressed with a window of more than 1 GiB",
                path: path,
                remedy: .decompressTar,
                cause: error
            )
        case let error as ZstdError where !error.isLackOfMemory: fault = "it can't be decompressed"
        case is ZlibError, is ZstdError: return CacheStoreError.undecoded(error, path)
        case let error as TarReader.Fault: fault = error.description
        case let error as CacheStoreError where error.code == .noSpace:
            return CacheStoreError(
                .noSpace,
                "there is no room for the decompressed tar",
                path: error.path,
                remedy: .freeSpace,
                cause: error.cause
            )
        default: return error
        }
        let cause: (any Error)? = error is TarReader.Fault ? nil : error
        guard let last else { return noTar(fault, cause) }
        return CacheStoreError(
            .badTar,
            "the tar can't be read after its member `\(last)`: \(fault)",
            path: path,
            offset: reader.position,
            remedy: .copyTar,
            cause: cause
        )
    }

    /// Returns the error for a file without any member that could be read.
    private func noTar(_ fault: String, _ cause: (any Error)?) -> CacheStoreError {
        let magics: [(bytes: [UInt8], name: String)] = [
            (Array("PK".utf8), "a zip"), ([0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], "compressed with xz"),
            (Array("BZh".utf8), "compressed with bzip2"), ([0x04, 0x22, 0x4D, 0x18], "compressed with lz4"),
        ]
        let bytes = (try? WholeFile.bytes(of: path, limit: 8)) ?? []
        if reader.position == 0, cause == nil, bytes.isEmpty {
            return CacheStoreError(.badTar, "the file is empty, and no tar", path: path, remedy: .copyTar)
        }
        if let magic = magics.first(where: { bytes.starts(with: $0.bytes) }) {
            let message =
                "the file is \(magic.name), and no tar that is plain or compressed with gzip or zstd"
            return CacheStoreError(.badTar, message, path: path, remedy: .decompressTar)
        }
        return CacheStoreError(
            .badTar,
            "the file is no tar, or is damaged at its beginning: \(fault)",
            path: path,
            remedy: .copyTar,
            cause: cause
        )
    }
}
