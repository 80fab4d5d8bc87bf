import Foundation
import SystemPackage

/// A second opinion on archives.
extension Workbench {
    /// The independent reader's failure to read an archive at all.
    struct OracleFailure: Error {
        let words: String
    }

    /// Asks the independent reader to check an archive.
    ///
    /// - Parameter archive: The archive.
    /// - Returns: One line per breach of the format; none for a sound archive.
    /// - Throws: ``RequiredTool/Missing`` without Python, or ``OracleFailure``.
    func oracle(_ archive: FilePath) throws -> [String] {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: try RequiredTool.python.path)
        let reader = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appending(path: "../../Oracle/castore.py").standardizedFileURL.path
        process.arguments = [reader, "check", archive.string]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let lines = text.split(whereSeparator: \.isNewline).map(String.init)
        guard lines.isEmpty == (process.terminationStatus == 0) else {
            throw OracleFailure(words: "status \(process.terminationStatus): \(text)")
        }
        return lines
    }
}
