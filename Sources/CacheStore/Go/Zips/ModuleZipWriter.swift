/// A writer of a module zip without compression, as a stream.
///
/// The same files always result in the same bytes: content is stored (method 0), paths are in ascending order
/// of their bytes, and every file is dated 1980-01-01, without attributes or extra fields. A file's CRC-32
/// follows the content in a data descriptor, so that content passes through the writer only once.
///
/// ```
/// once per file:  local header (30 + name) · content · data descriptor (16)
/// once per file:  central directory header (46 + name)
///                 zip64 end record and locator (76), from 65,535 files on
///                 end record (22)
/// ```
///
/// The writer refuses what Go would refuse: a zip of more than 500 MiB, and a path that no module may have.
/// Therefore no size needs zip64.
///
/// ```swift
/// var writer = ModuleZipWriter(prefix: "golang.org/x/text@v0.21.0/")
/// try writer.begin("LICENSE", size: 1453, into: sink)
/// try writer.write(content, into: sink)
/// try writer.finish(into: sink)
/// ```
///
/// A writer can't be used after an error or after ``finish(into:)``.
struct ModuleZipWriter {
    private let prefix: String
    private var byteCount = 0
    private var fileCount = 0

    /// The central directory so far.
    private var directory: [UInt8] = []

    /// The file whose content is being written.
    private var file: ZipStoredFile?

    /// The path of the previous file.
    private var previous: String?

    /// Creates a writer.
    ///
    /// - Parameter prefix: The beginning of all names: `path@version/`, not escaped.
    init(prefix: String) {
        self.prefix = prefix
    }

    /// Begins the next file.
    ///
    /// - Parameters:
    ///   - path: The file's path within the module, which must follow the previous file's path in byte order.
    ///   - size: The size of the file in bytes.
    ///   - sink: Called with the next bytes of the zip.
    /// - Throws: ``ZipError`` if the path is invalid or out of order, the zip gets too large or the previous
    ///   file is not complete, or the error of `sink`.
    mutating func begin(_ path: String, size: Int, into sink: (Span<UInt8>) throws -> Void) throws {
        try end(into: sink)
        guard PathRules.fault(inPath: path, .moduleZip) == nil else {
            throw ZipError("Go refuses the name", member: path)
        }
        if let previous {
            guard previous.utf8.lexicographicallyPrecedes(path.utf8) else {
                throw ZipError("Files are not in order", member: path)
            }
        }
        let name = prefix + path
        guard name.utf8.count <= UInt16.max, 0...FormatLimits.zipSize ~= size else {
            throw ZipError("File is too large for a module zip", member: path)
        }
        let added = ZipStoredFile.overhead(nameSize: name.utf8.count) + size
        let tail = directory.count + ZipDirectoryEnd.recordsSize(count: fileCount + 1)
        guard byteCount + added + tail <= FormatLimits.zipSize else {
            throw ZipError("Module is too large for a zip", member: path)
        }
        let next = ZipStoredFile(name: name, size: size, localHeader: byteCount)
        file = next
        previous = path
        fileCount += 1
        try emit(next.localHeaderRecord, into: sink)
    }

    /// Writes the next bytes of the current file's content.
    ///
    /// - Parameters:
    ///   - content: The bytes.
    ///   - sink: Called with the next bytes of the zip.
    /// - Throws: ``ZipError`` if the file gets longer than its size, or the error of `sink`.
    mutating func write(_ content: Span<UInt8>, into sink: (Span<UInt8>) throws -> Void) throws {
        guard !content.isEmpty else { return }
        guard let remaining = file?.remaining, content.count <= remaining else {
            throw ZipError("Content is longer than its size", member: previous)
        }
        file?.append(content)
        byteCount += content.count
        try sink(content)
    }

    /// Ends the last file and writes the central directory.
    ///
    /// - Parameter sink: Called with the last bytes of the zip.
    /// - Throws: ``ZipError`` if the last file is not complete, or the error of `sink`.
    mutating func finish(into sink: (Span<UInt8>) throws -> Void) throws {
        try end(into: sink)
        let end = ZipDirectoryEnd(directory: byteCount..<byteCount + directory.count, count: fileCount)
        try emit(directory, into: sink)
        try emit(end.records, into: sink)
    }

    /// Writes the data descriptor of the current file, if there is one, and adds the file to the directory.
    private mutating func end(into sink: (Span<UInt8>) throws -> Void) throws {
        guard let file else { return }
        guard file.remaining == 0 else {
            throw ZipError("Content is shorter than its size", member: previous)
        }
        self.file = nil
        directory += file.centralHeaderRecord
        try emit(file.dataDescriptorRecord, into: sink)
    }

    private mutating func emit(_ bytes: [UInt8], into sink: (Span<UInt8>) throws -> Void) throws {
        guard !bytes.isEmpty else { return }
        byteCount += bytes.count
        try sink(bytes.span)
    }
}

extension ModuleZipWriter {
    /// Returns the size of a zip of the given files.
    ///
    /// - Parameters:
    ///   - prefix: The beginning of all names: `path@version/`, not escaped.
    ///   - files: The path and size in bytes of each file.
    /// - Returns: The size in bytes.
    /// - Throws: ``ZipError`` if the size is more than Go accepts.
    static func size(
        prefix: String,
        files: some Sequence<(path: String, size: Int)>
    ) throws(ZipError) -> Int {
        var total = 0
        var count = 0
        for file in files {
            guard 0...FormatLimits.zipSize ~= file.size, total <= FormatLimits.zipSize else {
                throw ZipError("Module is too large for a zip", member: file.path)
            }
            total += ZipStoredFile.overhead(nameSize: prefix.utf8.count + file.path.utf8.count) + file.size
            count += 1
        }
        total += ZipDirectoryEnd.recordsSize(count: count)
        guard total <= FormatLimits.zipSize else { throw ZipError("Module is too large for a zip") }
        return total
    }
}
